#pragma once

#include <optional>

#include "engine/canary.hpp"

namespace volary {

/// CHG-02: is this revision one that has neither been tried nor promoted last? Returning to the
/// promoted one is not a change.
[[nodiscard]] bool revision_changed(const CanaryStatus& status, const Fingerprint& now);

/// CHG-03. Nothing tracked (`now` absent) is no change.
[[nodiscard]] bool configs_changed(const CanaryStatus& status,
                                   const std::optional<TrackedConfigs>& now);

/// the target was set back to what is already promoted, while something else is being tried.
[[nodiscard]] bool returned_to_promoted(const CanaryStatus& status, const Fingerprint& now);

/// ST-22: the checksum that webhooks carry.
[[nodiscard]] std::string hook_checksum(const CanaryStatus& status);

}  // namespace volary
