#include "sim/scripted/deciding_rules.hpp"

#include <algorithm>
#include <string_view>

namespace volary::sim {
namespace {

struct Reading {
  std::string_view about;  ///< an event, or a phase
  std::string_view rules;
};

// clang-format off
constexpr Reading by_event[] = {
    {"EV-SUSPENDED", "SM-03"},
    {"EV-ERROR", "SM-141"},
    {"EV-PROVIDERS-UP", "SM-06"},
    {"EV-PROVIDERS-DOWN", "SM-06, MET-50"},
    {"EV-PRIMARY-NOT-READY", "SM-15, RDY"},
    {"EV-INIT-DONE", "SM-13"},
    {"EV-GATE-ROLLOUT-CLOSED", "HOOK-20"},
    {"EV-GATE-ROLLOUT-OPEN", "HOOK-20"},
    {"EV-NEW-REVISION", "SM-17"},
    {"EV-RESTART", "SM-18"},
    {"EV-CANARY-NOT-READY", "SM-19, RDY"},
    {"EV-ROLLBACK-HOOK-NO", "HOOK-50"},
    {"EV-ROLLBACK-HOOK-YES", "HOOK-50"},
    {"EV-ROLLBACK-MANUAL", "SM-21"},
    {"EV-START", "SM-25"},
    {"EV-PRE-PASS", "HOOK-30"},
    {"EV-PRE-FAIL", "HOOK-30"},
    {"EV-ROLLOUT-HOOK-FAIL", "SM-60"},
    {"EV-NO-VALUES", "SM-63, MET-02"},
    {"EV-QUERY-ERROR", "SM-63, MET-30"},
    {"EV-NO-QUERY", "ANA-47"},
    {"EV-BREACH", "SM-63, MET-20"},
    {"EV-K8S-NO-AB", "SM-26"},
    {"EV-K8S-NO-WEIGHTS", "SM-26"},
    {"EV-K8S-ITERATIONS", "SM-26"},
    {"EV-GATE-TRAFFIC-CLOSED", "SM-71, HOOK-40"},
    {"EV-GATE-TRAFFIC-OPEN", "SM-71"},
    {"EV-WEIGHT", "SM-72"},
    {"EV-ITERATION", "SM-76, SM-79a"},
    {"EV-GATE-PROMOTION-CLOSED", "SM-80"},
    {"EV-GATE-PROMOTION-OPEN", "SM-80"},
    {"EV-ROUTE-CANARY", "SM-79c"},
    {"EV-ROUTE-CANARY-FROM-MIRROR", "SM-79c"},
    {"EV-COPY", "SM-74, GEN-40"},
    {"EV-ROUTE-PRIMARY", "SM-91"},
    {"EV-PRIMARY-WEIGHT", "SM-92"},
    {"EV-DONE", "SM-23"},
    {"EV-DONE-SKIPPED", "SM-102"},
    {"EV-THRESHOLD", "SM-24, SM-110"},
    {"EV-FAILED", "SM-110"},
    {"EV-PROMOTION-FAILED", "SM-95"},
    {"EV-POST-PASS", "HOOK-55"},
    {"EV-POST-FAIL", "HOOK-55"},
    {"EV-TERMINATING", "FIN-10"},
    {"EV-TERMINATED", "FIN-10"},
};

constexpr Reading by_phase[] = {
    {"Initializing", "SM-08b"},
    {"Initialized", "SM-14"},
    {"Waiting", "HOOK-20"},
    {"Progressing", "SM-70, SM-79a"},
    {"WaitingPromotion", "SM-80"},
    {"Promoting", "SM-93"},
    {"Finalising", "SM-90"},
    {"Succeeded", "SM-14"},
    {"Failed", "SM-14, SM-114"},
    {"Terminating", "FIN-11"},
};
// clang-format on

template <std::size_t Size>
std::string_view rules_about(const Reading (&readings)[Size], std::string_view about) {
  const auto found = std::find_if(std::begin(readings), std::end(readings),
                                  [&](const Reading& reading) { return reading.about == about; });
  return found == std::end(readings) ? std::string_view{} : found->rules;
}

}  // namespace

std::vector<std::string> deciding_rules(const SeenTick& seen) {
  std::vector<std::string> rules;
  const auto add = [&](std::string_view about, std::string_view text) {
    if (text.empty()) return;
    std::string line = std::string{about} + ": " + std::string{text};
    if (std::find(rules.begin(), rules.end(), line) == rules.end())
      rules.push_back(std::move(line));
  };
  for (const std::string& event : seen.of(TestField::Events)) {
    const std::string name = event.substr(0, event.find_first_of("(|"));
    if (name == "EV-CURED")  // strict mode names the quirk that it cured
      add(name, std::string_view{event}.substr(std::min(event.size(), name.size() + 1)));
    else
      add(name, rules_about(by_event, name));
  }
  if (rules.empty()) {
    const std::string& phase = seen.of(TestField::Phase).front();
    add("phase " + phase, rules_about(by_phase, phase));
  }
  return rules;
}

}  // namespace volary::sim
