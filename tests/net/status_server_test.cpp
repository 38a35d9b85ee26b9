#include "live/net/status_server.hpp"

#include <atomic>
#include <stop_token>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "live/net/http_client.hpp"

namespace volary::live {
namespace {

TEST_CASE("CTL-10, CTL-11: figures, and whether it lives and is ready") {
  std::atomic<bool> ready = false;
  const auto server =
      StatusServer::start("127.0.0.1", 0,
                          {.metrics = [] { return std::string{"volary_leader 1\n"}; },
                           .ready = [&] { return ready.load(); }});
  REQUIRE(server);
  HttpClient http{std::stop_token{}};
  const auto get = [&](const char* page) {
    const auto answer =
        http.send({.url = fmt::format("http://127.0.0.1:{}{}", (*server)->port(), page)});
    REQUIRE(answer);
    return *answer;
  };
  CHECK(get("/healthz").status == 200);
  CHECK(get("/healthz").body == "OK");
  CHECK(get("/metrics").body == "volary_leader 1\n");
  CHECK(get("/readyz").status == 503);
  ready = true;
  CHECK(get("/readyz").status == 200);
  CHECK(get("/else").status == 404);
}

}  // namespace
}  // namespace volary::live
