#include "live/operator/watching.hpp"

#include <fmt/format.h>

namespace volary::live {

Result<void> AssumedWebhooks::call(const HookCall& call) {
  const Webhook& hook = *call.hook;
  if (hook.type == HookType::Event) return {};
  const bool asks_to_roll_back = hook.type == HookType::Rollback;
  told_(fmt::format("would call {} hook {}: taken as {}", to_string(hook.type), hook.name,
                    asks_to_roll_back ? "no" : "passed"));
  const std::string reason = asks_to_roll_back ? "not called: Volary only watches" : "";
  record_({.hook = hook.name,
           .type = hook.type,
           .phase = call.phase,
           .passed = !asks_to_roll_back,
           .error = reason});
  if (asks_to_roll_back) return fail(ErrorKind::Unavailable, "{}", reason);
  return {};
}

}  // namespace volary::live
