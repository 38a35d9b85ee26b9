#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/ports.hpp"
#include "engine/tick_record.hpp"
#include "live/outbox.hpp"

/// What takes the place of everything that would be noticed outside, where Volary only watches.
namespace volary::live {

using Told = std::function<void(const std::string& would)>;

/// Calls no hook. Checks and gates are taken as passed, requests to roll back as absent; each is
/// told in words.
class AssumedWebhooks : public Webhooks {
 public:
  AssumedWebhooks(Told told, std::function<void(HookRecord)> record)
      : told_{std::move(told)}, record_{std::move(record)} {}
  [[nodiscard]] Result<void> call(const HookCall& call) override;

 private:
  Told told_;
  std::function<void(HookRecord)> record_;
};

/// Sends nothing.
class TellingPostbox : public Postbox {
 public:
  explicit TellingPostbox(Told told) : told_{std::move(told)} {}
  void post(Message message) override { told_("would send " + message.what); }

 private:
  Told told_;
};

}  // namespace volary::live
