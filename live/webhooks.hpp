#pragma once

#include <functional>
#include <string>

#include "engine/ports.hpp"
#include "engine/tick_record.hpp"
#include "live/http.hpp"
#include "live/outbox.hpp"

namespace volary::live {

/// HOOK-04, HOOK-61: what a hook is sent.
[[nodiscard]] std::string hook_payload(const HookCall& call, Instant now);

/// FLAG-19, HOOK-62: what the global event receiver is sent.
[[nodiscard]] Message global_event(const std::string& url, const ObjectName& canary, Phase phase,
                                   const std::string& checksum, const Event& event, Instant now);

/// Webhooks over HTTP (state-machine.md §9). Hooks that decide are called here and now; hooks of
/// type `event` go through the outbox, so that nobody who only listens delays a tick.
class HttpWebhooks : public Webhooks {
 public:
  /// `wait` lets time pass between repetitions; `record` is told of every call that decided.
  HttpWebhooks(Http& http, Postbox& postbox, const Clock& clock, Compat compat,
               std::function<void(Duration)> wait, std::function<void(HookRecord)> record);
  [[nodiscard]] Result<void> call(const HookCall& call) override;

 private:
  [[nodiscard]] Result<HttpRequest> request(const HookCall& call) const;
  [[nodiscard]] Result<void> answer(const HookCall& call);

  Http& http_;
  Postbox& postbox_;
  const Clock& clock_;
  Compat compat_;
  std::function<void(Duration)> wait_;
  std::function<void(HookRecord)> record_;
};

}  // namespace volary::live
