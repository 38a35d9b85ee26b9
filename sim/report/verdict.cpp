#include "sim/report/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/report/numbers.hpp"

namespace volary::sim::report {
namespace {

std::string after(const Score& score) {
  return score.decided_after ? " after " + spoken(*score.decided_after) : std::string{};
}

std::string no_release(const Run& run) {
  if (run.release_at > run.ended)
    return "No release took place: the run ended before the new version appeared.";
  const Phase last = run.ticks.empty() ? Phase::None : run.ticks.back().status.phase;
  if (last == Phase::None || last == Phase::Initializing)
    return "No release took place: the canary was never initialized.";
  return "No release took place: the scenario holds no new version that this policy saw.";
}

std::string headline(const Run& run) {
  const Score& score = run.score;
  const std::string_view truth = score.bad_release ? "bad" : "good";
  switch (score.outcome) {
    case Outcome::NoRelease: return no_release(run);
    case Outcome::Unfinished: {
      const Duration waited = run.ended - run.release_at;
      const Phase last = run.ticks.empty() ? Phase::None : run.ticks.back().status.phase;
      return fmt::format(
          "Not decided after {}: the {} release still stands in {} at {} % canary weight.",
          spoken(waited), truth, to_string(last),
          run.ticks.empty() ? 0 : run.ticks.back().status.canary_weight);
    }
    case Outcome::Promoted:
      return score.bad_release
                 ? fmt::format("Promoted{}: wrong, the release was bad (a missed failure).",
                               after(score))
                 : fmt::format("Promoted{}: right, the release was good.", after(score));
    case Outcome::RolledBack:
      return score.bad_release
                 ? fmt::format("Rolled back{}: right, the release was bad.", after(score))
                 : fmt::format("Rolled back{}: wrong, the release was good (a false alarm).",
                               after(score));
  }
  return {};
}

/// Whose share the weight is: A/B tests give a version to chosen users, not a part of all traffic.
std::string_view weighed(const Run& run) {
  return run.plan.strategy == Strategy::AbTesting ? "chosen users" : "traffic";
}

std::string exposure(const Run& run) {
  const Score& score = run.score;
  if (score.exposed_requests == 0)
    return score.max_canary_weight == 0
               ? "No request reached the new version: its weight stayed at 0 %."
               : "No request reached the new version.";
  std::string text = fmt::format("The new version answered {}, at most {} % of the {}; ",
                                 counted(score.exposed_requests, "request"),
                                 score.max_canary_weight, weighed(run));
  if (score.harmed_requests == 0) {
    text += "no more of them failed than under the old one";
  } else {
    text += fmt::format("{} of them failed that the old one would have answered",
                        count(score.harmed_requests));
  }
  if (score.harmed_users > 0)
    text +=
        fmt::format(", met by {} of {}", count(score.harmed_users), counted(score.users, "user"));
  return text + ".";
}

std::string with_threshold(const Run& run, const WithThreshold& other) {
  const Score& score = other.score;
  const bool same_end = score.outcome == run.score.outcome;
  // Nothing to tell where it makes no difference.
  if (same_end && score.harmed_requests == run.score.harmed_requests) return {};
  std::string text = fmt::format("With threshold {} it would have been {}", other.threshold,
                                 counted(score.harmed_requests, "request"));
  text += same_end ? std::string{} : fmt::format(" and the release {}", said(score.outcome));
  return text + (score.decided_after ? "," + after(score) : "") + ".";
}

}  // namespace

Verdict verdict(const Run& run, const std::optional<WithThreshold>& other) {
  const Score& score = run.score;
  Verdict verdict{.headline = headline(run), .sentences = {}, .figures = {}};
  if (score.outcome == Outcome::NoRelease) return verdict;
  verdict.sentences.push_back(exposure(run));
  if (score.user_requests > 0) {
    const std::string all = counted(score.user_requests, "user request");
    verdict.sentences.push_back(
        score.failed_requests == 0
            ? fmt::format("In all, none of {} failed from the release on, after retries.", all)
            : fmt::format("In all, {} of {} failed from the release on, after retries ({}).",
                          count(score.failed_requests), all,
                          share(score.failed_requests, score.user_requests)));
  }
  if (other) {
    std::string sentence = with_threshold(run, *other);
    if (!sentence.empty())
      verdict.sentences.insert(verdict.sentences.begin() + 1, std::move(sentence));
  }
  verdict.figures = {
      {score.decided_after ? spoken(*score.decided_after) : "–",
       score.outcome == Outcome::Promoted     ? "from release to promotion"
       : score.outcome == Outcome::RolledBack ? "from release to rollback"
                                              : "not decided"},
      {count(score.harmed_requests), "requests failed because of the release"},
      {count(score.harmed_users),
       fmt::format("of {} met a failure of the new version", counted(score.users, "user"))},
      {fmt::format("{} %", score.max_canary_weight),
       fmt::format("of the {} at most on the new version", weighed(run))},
  };
  return verdict;
}

std::string_view said(Outcome outcome) {
  switch (outcome) {
    case Outcome::Promoted: return "promoted";
    case Outcome::RolledBack: return "rolled back";
    case Outcome::Unfinished: return "not decided";
    case Outcome::NoRelease: return "no release";
  }
  return "";
}

std::string_view judged(const Score& score) {
  if (score.outcome == Outcome::Unfinished || score.outcome == Outcome::NoRelease)
    return "cannot tell";
  if (score.right()) return "right";
  return score.bad_release ? "wrong: a missed failure" : "wrong: a false alarm";
}

std::string compat_line(const CompatDifference& difference, Compat flown) {
  if (difference.strict == difference.flagger) return {};
  const bool strict = flown == Compat::Strict;
  const Outcome there = strict ? difference.flagger : difference.strict;
  std::string text = fmt::format("Under --compat {} this release would have ended differently: {}.",
                                 strict ? "flagger" : "strict", said(there));
  if (difference.quirks.empty()) return text;
  std::vector<std::string> meanings;
  for (const std::string& quirk : difference.quirks)
    if (const std::string_view meaning = quirk_text(quirk); !meaning.empty())
      meanings.emplace_back(meaning);
  return text + fmt::format(" {} {} the difference{}{}.", fmt::join(difference.quirks, " and "),
                            difference.quirks.size() == 1 ? "makes" : "make",
                            meanings.empty() ? "" : ": under flagger ", fmt::join(meanings, "; "));
}

std::string_view quirk_text(std::string_view quirk) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> meanings{{
      {"Q-01", "a target set back to the promoted revision is analysed and promoted all the same"},
      {"Q-03", "a rollback sends all traffic to a primary that does not answer"},
      {"Q-04", "a repaired route gives all traffic back to the primary in mid-analysis"},
      {"Q-05", "the mirror step never ends with this provider"},
      {"Q-06",
       "a step of zero, or a weight that is no greater than the last, freezes the analysis"},
      {"Q-11", "iterations that are lowered during the analysis hang it"},
      {"Q-12", "a promotion whose canary has no weight left never ends"},
      {"Q-18", "a duration that is not finite counts as 0 ms, and bounds are cut to whole ms"},
      {"Q-24", "a rollback during initialization scales down the only copy that serves"},
      {"Q-33", "the first revision after a failed promotion gets all traffic at once"},
      {"Q-34", "a missing ConfigMap or Secret keeps a rollback from ending"},
      {"Q-35", "a maxWeight above 100 is never reached, and the promotion never starts"},
      {"INV-12", "a value that is not finite counts as a measurement"},
  }};
  const auto found = std::ranges::find(meanings, quirk, &decltype(meanings)::value_type::first);
  return found == meanings.end() ? std::string_view{} : found->second;
}

std::string check_label(std::string_view name) {
  if (name == "request-success-rate") return "success";
  if (name == "request-duration") return "p99";
  return std::string{name};
}

std::string check_text(const CheckEvidence& check) {
  switch (check.verdict) {
    case CheckEvidence::Verdict::NoValues: return "no data";
    case CheckEvidence::Verdict::Error: return check.hook ? "refused" : "cannot tell";
    case CheckEvidence::Verdict::Pass:
    case CheckEvidence::Verdict::Breach: break;
  }
  if (!check.value) return check.verdict == CheckEvidence::Verdict::Pass ? "passed" : "failed";
  std::string text = measured(*check.value, check.unit);
  if (check.min && check.max) {
    text += fmt::format(" in {}–{}", bound(*check.min), bound(*check.max));
  } else if (check.min) {
    text += " ≥ " + bound(*check.min);
  } else if (check.max) {
    text += " ≤ " + bound(*check.max);
  }
  return text;
}

bool worth_telling(const Event& event) {
  switch (event.id) {
    case EventId::Weight:
    case EventId::Iteration:
    case EventId::Breach:
    case EventId::NoValues:
    case EventId::PrimaryWeight:
    case EventId::PrePass:
    case EventId::PostPass:
    case EventId::RollbackHookNo:
    case EventId::GateTrafficOpen:
    case EventId::ProvidersUp: return false;
    default: return true;
  }
}

}  // namespace volary::sim::report
