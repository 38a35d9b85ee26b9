#include <thread>

#include <catch2/catch.hpp>

#include "live/net/base64.hpp"
#include "live/net/pause.hpp"
#include "live/net/rate_limit.hpp"
#include "live/net/url.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Base64 gives back what it was given (RFC 4648, section 10)") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(from_base64("Zm9v\n YmE=") == "fooba");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Z=g=", "Zm9v=", "Zm9v!", "=", "Zm8"})
    CHECK_FALSE(from_base64(wrong));
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST_CASE("Waits double up to a limit, are jittered, and obey the server (INV-35, FLT-03)") {
  Backoff backoff{1, {.first = 100ms, .longest = 1s}};
  std::vector<Duration> waits;
  for (int i = 0; i < 8; ++i) waits.push_back(backoff.next());
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const Duration full = std::min<Duration>(100ms * (1 << i), 1s);
    CHECK(waits[i] >= full / 2);
    CHECK(waits[i] <= full);
  }
  CHECK(waits[5] != waits[6]);
  CHECK(backoff.next(600ms) >= Duration{600ms});
  CHECK(backoff.next(1h) <= Duration{1100ms});  // not longer than the longest, and its jitter
  backoff.reset();
  CHECK(backoff.next() <= Duration{100ms});
  for (int i = 0; i < 200; ++i) CHECK(backoff.next() <= Duration{1s});
  CHECK(Backoff{1}.next() != Backoff{2}.next());
}

TEST_CASE("A rate limit lets a burst through, then its rate (FLAG-03, FLAG-04)") {
  RateLimit limit{10, 3};
  const auto start = RateLimit::Clock::time_point{} + 1h;
  for (int i = 0; i < 3; ++i) CHECK(limit.reserve(start, 1h) == Duration{});
  CHECK(limit.reserve(start, 1h) == Duration{100ms});
  CHECK(limit.reserve(start, 1h) == Duration{200ms});
  CHECK(limit.reserve(start, 250ms) == Duration{300ms});  // too long: not taken
  CHECK(limit.reserve(start + 200ms, 1h) == Duration{100ms});
  CHECK(limit.reserve(start + 10s, 1h) == Duration{});
  RateLimit none{0, 0};
  for (int i = 0; i < 1000; ++i) CHECK(none.reserve(start, {}) == Duration{});
}

TEST_CASE("A pause ends at a stop") {
  CHECK(pause_for({}, 1ms));
  std::stop_source stop;
  std::thread stopper{[&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(pause_for(stop.get_token(), 10s));
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  stopper.join();
  CHECK_FALSE(pause_for(stop.get_token(), 1ms));
}

TEST_CASE("URLs are compared, resolved and shown without what may be a secret (INV-42, FLT-15)") {
  const auto same = [](const char* a, const char* b) {
    return parse_url(a)->same_origin(*parse_url(b));
  };
  CHECK(same("https://Host/a", "https://host:443/b?c"));
  CHECK_FALSE(same("https://host/", "http://host/"));
  CHECK_FALSE(same("https://host/", "https://host:444/"));
  CHECK_FALSE(same("https://host/", "https://host.evil/"));
  CHECK(parse_url("http://[::1]:80/")->loopback());
  CHECK(parse_url("http://127.1.2.3/")->loopback());
  CHECK_FALSE(parse_url("http://128.0.0.1/")->loopback());
  CHECK(parse_url("https://a:b@c/")->carries_credentials);
  CHECK_FALSE(parse_url("unix:///run/x"));
  CHECK(resolve_url("http://a/b/c?d", "e") == "http://a/b/e");
  CHECK(resolve_url("http://a/b", "//c/d") == "http://c/d");
  CHECK_FALSE(resolve_url("http://a/b", "javascript:alert(1)"));
  CHECK(shown_url("https://jane:hunter2@host:1/path?token=hunter2#hunter2") ==
        "https://host:1/path");
  CHECK(shown_url("hunter2 is no URL") == "(not a URL)");
  CHECK(url_encoded("a b/c%\xff~") == "a%20b%2Fc%25%FF~");
}

}  // namespace
}  // namespace volary::live
