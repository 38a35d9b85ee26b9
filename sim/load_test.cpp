#include "sim/load_test.hpp"

#include <charconv>
#include <sstream>

namespace volary::sim {
namespace {

std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return std::string{url.substr(0, url.find_first_of(":/?"))};
}

double number(const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

std::optional<LoadTest> read_load_test(const Webhook& hook) {
  if (const auto type = hook.metadata.find("type"); type != hook.metadata.end())
    if (type->second != "cmd" && type->second != "bash") return std::nullopt;
  const auto command = hook.metadata.find("cmd");
  if (command == hook.metadata.end()) return std::nullopt;
  std::istringstream words{command->second};
  std::string word;
  if (!(words >> word) || word != "hey") return std::nullopt;
  // hey's own defaults: 50 workers; `-q` is each worker's.
  double workers = 50, each = 0;
  LoadTest test;
  while (words >> word) {
    if (const std::string host = host_of(word); !host.empty()) {
      test.host = host;
      continue;
    }
    if (word.size() != 2 || word[0] != '-') continue;
    std::string value;
    if (word[1] == 'z' && words >> value) {
      test.length = go_parse_duration(value).value_or(Duration::zero());
    } else if (word[1] == 'q' && words >> value) {
      each = number(value);
    } else if (word[1] == 'c' && words >> value) {
      workers = number(value);
    }
  }
  test.rate = workers * each;
  constexpr double rate_max = 100'000;  // more is a slip of the pen, and hours of simulation
  if (test.host.empty() || test.length <= Duration::zero() || !(test.rate > 0) ||
      test.rate > rate_max)
    return std::nullopt;
  return test;
}

LoadTester::LoadTester(TrafficWorld& world, std::string service, std::string canary_service)
    : world_{world}, service_{std::move(service)}, canary_service_{std::move(canary_service)} {}

void LoadTester::accept(const Webhook& hook) {
  const auto test = read_load_test(hook);
  if (!test || test->host.substr(0, test->host.find('.')) != canary_service_) return;
  Instant& until = running_[hook.metadata.at("cmd")];
  if (until > world_.now()) return;
  until = world_.now() + test->length;
  next(*test, world_.now() + from_seconds(1 / test->rate), until);
}

void LoadTester::next(const LoadTest& test, Instant at, Instant until) {
  if (at >= until) return;
  world_.call_at(at, [this, test, until] {
    world_.send_directly(world_.workload(service_, Role::Target), sent_++);
    next(test, world_.now() + from_seconds(1 / test.rate), until);
  });
}

void TrafficWorld::send_directly(WorkloadId to, std::uint64_t number) {
  if (ready_pods(to) == 0) return;  // the connection is refused: nobody counts that
  const std::uint32_t index = new_hop();
  Hop hop{};
  hop.generation = hops_[index].generation;
  hop.state = Hop::State::Queued;
  hop.mirrored = hop.direct = true;
  hop.service = static_cast<std::uint32_t>(workloads_[to].service);
  hop.workload = to;
  constexpr std::uint64_t nobodys_traffic = 0xffff;  // beside the keys of what users send
  hop.key = mix((nobodys_traffic << 48) ^ (number << 4));
  hop.draw = Philox{seed_, hop.key, hop.service}.words;
  hop.started = now();
  hops_[index] = hop;
  send(index);
}

}  // namespace volary::sim
