#include "engine/changes.hpp"

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

namespace volary {

bool revision_changed(const CanaryStatus& status, const Fingerprint& now) {
  if (status.last_applied_spec.empty()) return true;
  return now != status.last_promoted_spec && now != status.last_applied_spec;
}

bool configs_changed(const CanaryStatus& status, const std::optional<TrackedConfigs>& now) {
  if (!now) return false;
  if (!status.tracked_configs) return !now->empty();
  return *status.tracked_configs != *now;
}

bool returned_to_promoted(const CanaryStatus& status, const Fingerprint& now) {
  return now == status.last_promoted_spec && now != status.last_applied_spec;
}

std::string hook_checksum(const CanaryStatus& status) {
  std::string configs = "<nil>";
  if (status.tracked_configs) {
    configs = "map[";
    for (const auto& [name, checksum] : *status.tracked_configs) {
      if (configs.back() != '[') configs += ' ';
      configs += name + ":" + checksum;
    }
    configs += ']';
  }
  const std::string text = fmt::format(
      "(struct {{ TrackedConfigs *map[string]string; LastAppliedSpec string "
      "}}){{TrackedConfigs:(*map[string]string){} "
      "LastAppliedSpec:(string){}}}",
      configs, status.last_applied_spec);
  std::uint32_t hash = 2166136261U;  // FNV-1a 32 (ST-20)
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  constexpr std::string_view safe = "456789bcdf";
  std::string encoded = fmt::format("{}", hash);
  for (char& digit : encoded) digit = safe[static_cast<std::size_t>(digit - '0')];
  return encoded;
}

}  // namespace volary
