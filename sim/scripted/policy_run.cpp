#include "sim/scripted/policy_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/tick.hpp"
#include "sim/scripted/deciding_rules.hpp"
#include "sim/scripted/world.hpp"

namespace volary::sim {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

/// Does what one line of a row says. `true` when the Canary was deleted: no tick follows then.
bool apply(World& world, const Say& say) {
  return std::visit(
      Overloaded{
          [&](const say::Revision& s) { return world.release(s.revision, s.replicas), false; },
          [&](const say::Replicas& s) { return world.set_replicas(s.role, s.replicas), false; },
          [&](const say::Config& s) { return world.set_config(s.content), false; },
          [&](const say::Secret& s) { return world.set_secret(s.content), false; },
          [&](const say::DeleteConfig&) { return world.delete_config(), false; },
          [&](const say::Pods& s) { return world.set_state(s.role, s.state), false; },
          [&](const say::Check& s) {
            if (s.name.empty())
              world.answer_all_checks(s.answer);
            else
              world.answer_check(s.name, s.answer);
            return false;
          },
          [&](const say::Server& s) { return world.answer_server(s.answer), false; },
          [&](const say::Hook& s) { return world.answer_hook(s.name, s.answer), false; },
          [&](const say::Spec& s) { return world.edit_spec(s.spec), false; },
          [&](const say::EditRoutes& s) { return world.edit_routes(s.primary, s.canary), false; },
          [&](const say::DriftRoutes&) { return world.drift_routes(), false; },
          [&](const say::DeleteRoutes&) { return world.delete_routes(), false; },
          [&](const say::DeleteWorkload& s) { return world.delete_workload(s.role), false; },
          [&](const say::Age& s) { return world.age(s.by), false; },
          [&](const say::Refuse& s) { return world.refuse(s.writes), false; },
          [&](const say::DeleteCanary&) { return world.request_deletion(), true; },
      },
      say);
}

SeenTick seen_tick(World& world) {
  const Observation now = world.observe();
  SeenTick seen;
  const auto set = [&](TestField field, std::string text) {
    seen.fields[static_cast<std::size_t>(field)] = {std::move(text)};
  };
  const auto list = [&](TestField field, std::vector<std::string> texts) {
    seen.fields[static_cast<std::size_t>(field)] = std::move(texts);
  };
  const auto replicas = [](std::optional<int> count) {
    return count ? std::to_string(*count) : std::string{"absent"};
  };
  set(TestField::Phase, now.phase);
  set(TestField::CanaryWeight, std::to_string(now.canary_weight));
  set(TestField::Iterations, std::to_string(now.iterations));
  set(TestField::FailedChecks, std::to_string(now.failed_checks));
  set(TestField::Condition, now.condition);
  set(TestField::Routes,
      now.routes ? fmt::format("{}/{}", now.routes->primary.percent(), now.routes->canary.percent())
                 : "none");
  set(TestField::Mirror, now.routes && now.routes->mirrored ? "on" : "off");
  set(TestField::TargetReplicas, replicas(now.target_replicas));
  set(TestField::TargetRevision, now.target_replicas ? now.target_revision : "absent");
  set(TestField::PrimaryReplicas, replicas(now.primary_replicas));
  set(TestField::PrimaryRevision, now.primary_replicas ? now.primary_revision : "absent");
  set(TestField::PrimaryConfig, now.primary_config);
  set(TestField::Applied, now.applied);
  set(TestField::Promoted, now.promoted);
  list(TestField::Cookies, {now.cookies.begin(), now.cookies.end()});
  set(TestField::Gone, now.gone ? "true" : "false");
  list(TestField::Events, now.events);
  list(TestField::Alerts, now.alerts);
  list(TestField::Calls, now.calls);
  list(TestField::Queries, now.queries);
  seen.evidence = now.evidence;
  return seen;
}

/// What stands in the object or is made from it, and so means nothing once it is gone.
bool of_the_object(TestField field) {
  switch (field) {
    case TestField::Phase:
    case TestField::CanaryWeight:
    case TestField::Iterations:
    case TestField::FailedChecks:
    case TestField::Condition:
    case TestField::Routes:
    case TestField::Mirror:
    case TestField::Applied:
    case TestField::Promoted:
    case TestField::Cookies: return true;
    default: return false;
  }
}

/// `EV-BREACH` stands for every breach, `AL-INIT` for every severity, `smoke` for every call of
/// that hook.
bool stands_for(const std::string& claimed, const std::string& happened) {
  if (claimed == happened) return true;
  if (happened.size() <= claimed.size() || happened.compare(0, claimed.size(), claimed) != 0)
    return false;
  const char next = happened[claimed.size()];
  return next == '(' || next == '|' || next == ':' || next == ' ';
}

bool agrees(TestField field, const std::vector<std::string>& claimed,
            const std::vector<std::string>& seen, bool exactly) {
  if (exactly || !happens(field)) return claimed == seen;
  return std::equal(claimed.begin(), claimed.end(), seen.begin(), seen.end(), stands_for);
}

/// What a tick is held against: the row's own claims, and with `compare: everything` what earlier
/// rows claimed.
class Claims {
 public:
  explicit Claims(bool everything) : everything_{everything} {}

  void row(const TestRow& row) {
    for (int i = 0; i < test_fields; ++i) {
      auto& held = held_[static_cast<std::size_t>(i)];
      if (!everything_)
        held.reset();
      else if (happens(static_cast<TestField>(i)))
        held.emplace();
    }
    for (const Claim& claim : row.claims) {
      held_[static_cast<std::size_t>(claim.field)] = claim.values;
      // What is not there has no revision and no mirror either, whatever it had before.
      if (says(claim, "absent") && claim.field == TestField::TargetReplicas)
        forget(TestField::TargetRevision);
      if (says(claim, "absent") && claim.field == TestField::PrimaryReplicas)
        forget(TestField::PrimaryRevision);
      if (says(claim, "none") && claim.field == TestField::Routes) forget(TestField::Mirror);
    }
  }

  [[nodiscard]] std::vector<Difference> differences(const SeenTick& seen) const {
    std::vector<Difference> found;
    const bool gone = seen.of(TestField::Gone).front() == "true";
    for (int i = 0; i < test_fields; ++i) {
      const auto field = static_cast<TestField>(i);
      const auto& held = held_[static_cast<std::size_t>(i)];
      if (!held || (everything_ && gone && of_the_object(field))) continue;
      if (!agrees(field, *held, seen.of(field), everything_))
        found.push_back({field, *held, seen.of(field)});
    }
    return found;
  }

 private:
  static bool says(const Claim& claim, const char* text) {
    return claim.values.size() == 1 && claim.values.front() == text;
  }
  void forget(TestField field) { held_[static_cast<std::size_t>(field)].reset(); }

  bool everything_;
  std::array<std::optional<std::vector<std::string>>, test_fields> held_;
};

}  // namespace

PolicyTestResult run_policy_test(const PolicyTest& test, const PolicyRunOptions& options) {
  PolicyTestResult result{test.name, test.at, test.compat, {}, {}, {}};
  EngineSettings settings;
  settings.compat = test.compat;

  World world{{.canary = test.canary,
               .templates = test.templates,
               .replicas = test.replicas,
               .configs = test.configs,
               .autoscaler_min = test.autoscaler_min,
               .compat = test.compat}};
  // SCH-01. What cannot be admitted is not scheduled, but a test wants to see what its ticks would
  // do (VAL-14).
  const auto notice = [&] { (void)admit(world.ports(), settings); };
  notice();
  // The tick that creates the primary has passed, unless it is also the one that completes the
  // initialization (SM-100).
  const bool at_once = test.canary.spec.skip_analysis && test.compat == Compat::Flagger;
  if (!test.from_creation && !at_once) {
    world.begin_tick();
    tick(world.ports(), settings);
    world.end_tick(test.between_ticks);
  }

  Claims claims{test.everything};
  for (std::size_t row = 0; row < test.rows.size(); ++row) {
    const TestRow& said = test.rows[row];
    claims.row(said);
    for (int again = 0; again < said.repeat; ++again) {
      bool deleted = false;
      bool edited = false;
      for (const Say& say : said.says) {
        if (apply(world, say)) deleted = true;
        edited = edited || std::holds_alternative<say::Spec>(say);
      }
      if (edited) notice();
      world.begin_tick();
      if (!deleted) {
        tick(world.ports(), settings);
      } else if (!world.gone()) {
        world.ready_when_restored();
        (void)revert(world.ports(),
                     settings);  // FIN-12: what stopped it is seen in phase and events
      }
      SeenTick seen = seen_tick(world);
      seen.tick = static_cast<int>(result.ticks.size());
      seen.row = static_cast<int>(row);
      seen.at = said.at;
      if (!options.past_differences) result.differences = claims.differences(seen);
      result.ticks.push_back(std::move(seen));
      world.end_tick(test.between_ticks);
      if (result.passed()) continue;
      result.rules = deciding_rules(result.ticks.back());
      return result;
    }
  }
  return result;
}

std::string as_written(TestField field, const std::vector<std::string>& values) {
  if (happens(field) || field == TestField::Cookies) {
    std::string text = "[";
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text += ", ";
      text += values[i].empty() ? "\"\"" : values[i];
    }
    return text + "]";
  }
  if (values.empty() || values.front().empty()) return "\"\"";
  return values.front();
}

}  // namespace volary::sim
