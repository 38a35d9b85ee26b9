#include <algorithm>
#include <array>

#include "policies/policy_test.hpp"

/// The words of a PolicyTest.
namespace volary {
namespace {

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};

constexpr std::array<Word<PodState::Kind>, 9> pod_states{{
    {"ready", PodState::Kind::Ready},
    {"unobserved", PodState::Kind::Unobserved},
    {"rolling", PodState::Kind::Rolling},
    {"old-pods", PodState::Kind::OldPods},
    {"available", PodState::Kind::Available},
    {"unavailable", PodState::Kind::Unavailable},
    {"unavailable-expired", PodState::Kind::UnavailableExpired},
    {"ready-expired", PodState::Kind::ReadyExpired},
    {"deadline", PodState::Kind::Deadline},
}};

constexpr std::array<Word<WriteClass>, 4> write_classes{{
    {"status", WriteClass::Status},
    {"route", WriteClass::Route},
    {"target", WriteClass::Target},
    {"primary", WriteClass::Primary},
}};

constexpr std::array<std::string_view, test_fields> fields{"phase",
                                                           "canaryWeight",
                                                           "iterations",
                                                           "failedChecks",
                                                           "condition",
                                                           "routes",
                                                           "mirror",
                                                           "target.replicas",
                                                           "target.revision",
                                                           "primary.replicas",
                                                           "primary.revision",
                                                           "primaryConfig",
                                                           "applied",
                                                           "promoted",
                                                           "cookies",
                                                           "gone",
                                                           "events",
                                                           "alerts",
                                                           "calls",
                                                           "queries"};

template <class Words>
auto value_of(const Words& words, std::string_view text)
    -> std::optional<decltype(words.front().value)> {
  for (const auto& word : words)
    if (word.text == text) return word.value;
  return std::nullopt;
}

template <class Words>
std::vector<std::string> texts_of(const Words& words) {
  std::vector<std::string> texts;
  for (const auto& word : words) texts.emplace_back(word.text);
  return texts;
}

}  // namespace

std::optional<PodState::Kind> pod_state_named(std::string_view text) {
  return value_of(pod_states, text);
}
std::vector<std::string> pod_state_names() { return texts_of(pod_states); }
std::optional<WriteClass> write_class_named(std::string_view text) {
  return value_of(write_classes, text);
}
std::vector<std::string> write_class_names() { return texts_of(write_classes); }

std::string_view to_string(WriteClass writes) {
  return std::find_if(write_classes.begin(), write_classes.end(),
                      [&](const auto& word) { return word.value == writes; })
      ->text;
}

std::string_view to_string(TestField field) { return fields[static_cast<std::size_t>(field)]; }

}  // namespace volary
