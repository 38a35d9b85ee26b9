#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/canary.hpp"
#include "engine/event.hpp"
#include "engine/plan.hpp"
#include "live/kube_api.hpp"
#include "live/outbox.hpp"

/// Chat alerts: who gets one, and what it looks like there. Source: canary-resource.md §9.
namespace volary::live {

/// AP-20. Strict mode reads an unset severity as `info`, as the documentation has it.
[[nodiscard]] bool wants(const std::string& entry_severity, Severity severity, Compat compat);

/// What an alert says, whatever service it goes to.
struct AlertText {
  ObjectName canary;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;  ///< §9.3
  Severity severity{};
};
/// The fields of §9.3, in order. `cluster` is FLAG-23.
[[nodiscard]] AlertText alert_text(const Canary& canary, const Alert& alert,
                                   const std::string& cluster);

/// Where an alert goes.
struct ChatService {
  std::string type;  ///< slack, msteams, discord, rocket, gchat
  std::string address, token, channel, username, proxy;
};
/// The message of one service (AP-30..43).
/// Errors: Invalid for an address that is no URL, a type that nobody knows, an empty channel or
/// user where there must be one.
[[nodiscard]] Result<Message> chat_message(const ChatService& service, const AlertText& alert);

/// Sends the alerts of one controller: through the Canary's own list, else through the global
/// notifier (ANA-84, FLAG-20..23). What cannot be sent is told to `failed` and stops nothing
/// (AP-18).
class AlertSender {
 public:
  struct Settings {
    Compat compat = Compat::Strict;
    std::string cluster;
    ChatService global;  ///< an empty type or address: none
    bool cross_namespace_refs = true;
  };
  AlertSender(KubeApi& api, Postbox& postbox, Settings settings,
              std::function<void(const std::string& what, const Error& error)> failed);
  void send(const Canary& canary, const Alert& alert);

 private:
  [[nodiscard]] Result<ChatService> service(const Canary& canary, const AlertRef& ref);

  KubeApi& api_;
  Postbox& postbox_;
  Settings settings_;
  std::function<void(const std::string&, const Error&)> failed_;
};

}  // namespace volary::live
