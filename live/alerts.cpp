#include "live/alerts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "live/base64.hpp"
#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"
#include "live/retry.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;

/// "Weight step: 10 max: 50", …; nothing where no form of steps is set.
std::string routing_text(const Analysis& analysis) {
  if (!analysis.match.empty() && analysis.iterations > 0) return "A/B Testing";
  if (analysis.iterations > 0) return "Blue/Green";
  if (analysis.step_weight > 0)
    return fmt::format("Weight step: {} max: {}", analysis.step_weight, analysis.max_weight);
  if (!analysis.step_weights.empty())
    return fmt::format("Weight steps: {} max: {}", fmt::join(analysis.step_weights, ","),
                       analysis.max_weight);
  return {};
}

/// AP-40.
Result<std::string> attachment(const ChatService& service, const AlertText& alert) {
  if (service.channel.empty() || service.username.empty())
    return fail(ErrorKind::Invalid, "{}: channel and username must not be empty", service.type);
  const bool error = alert.severity == Severity::Error;
  const bool rocket = service.type == "rocket";
  ordered_json fields = ordered_json::array();
  for (const auto& [title, value] : alert.fields)
    fields.push_back({{"title", title}, {"value", value}, {"short", false}});
  const ordered_json payload{
      {"channel", service.channel},
      {"username", service.username},
      {"icon_url", ""},
      {"icon_emoji", ":rocket:"},
      {"attachments", ordered_json::array({{{"color", rocket ? (error ? "#FF0000" : "#0076D7")
                                                             : (error ? "danger" : "good")},
                                            {"author_name", to_string(alert.canary)},
                                            {"text", alert.text},
                                            {"mrkdwn_in", ordered_json::array({"text"})},
                                            {"fields", fields}}})}};
  return payload.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// AP-41.
std::string teams_card(const AlertText& alert) {
  ordered_json facts = ordered_json::array();
  for (const auto& [name, value] : alert.fields)
    facts.push_back({{"name", name}, {"value", value}});
  const ordered_json payload{
      {"@type", "MessageCard"},
      {"@context", "http://schema.org/extensions"},
      {"themeColor", alert.severity == Severity::Error ? "FF0000" : "0076D7"},
      {"summary", to_string(alert.canary)},
      {"sections", ordered_json::array({{{"activityTitle", alert.text},
                                         {"activitySubtitle", to_string(alert.canary)},
                                         {"facts", facts}}})}};
  return payload.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// AP-42.
std::string google_card(const AlertText& alert) {
  const auto paragraph = [](const std::string& text) {
    return ordered_json{{"widgets", ordered_json::array({{{"textParagraph", {{"text", text}}}}})}};
  };
  const auto strong = [](const std::string& text) {
    return "<font color=#848484><strong>" + text + "</strong></font>";
  };
  ordered_json sections = ordered_json::array({paragraph(strong(alert.text))});
  for (const auto& [name, value] : alert.fields)
    sections.push_back(paragraph(name + "<br>" + strong(value)));
  const ordered_json payload{
      {"cards", ordered_json::array({{{"header",
                                       {{"title", "Flagger"},
                                        {"subtitle", to_string(alert.canary)},
                                        {"imageUrl", "https://flagger.app/favicon.png"}}},
                                      {"sections", sections}}})}};
  return payload.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::string> body_of(const ChatService& service, const AlertText& alert) {
  if (service.type == "slack" || service.type == "discord" || service.type == "rocket")
    return attachment(service, alert);
  if (service.type == "msteams") return teams_card(alert);
  if (service.type == "gchat") return google_card(alert);
  return fail(ErrorKind::Invalid, "no chat service is called '{}'", service.type);
}

}  // namespace

bool wants(const std::string& entry_severity, Severity severity, Compat compat) {
  const std::string entry =
      entry_severity.empty() && compat == Compat::Strict ? "info" : entry_severity;
  return entry == "info" || entry == to_string(severity) ||
         (severity == Severity::Error && entry == "warn");
}

AlertText alert_text(const Canary& canary, const Alert& alert, const std::string& cluster) {
  AlertText text{
      .canary = canary.name, .text = alert.text, .fields = {}, .severity = alert.severity};
  if (!cluster.empty()) text.fields.emplace_back("Cluster", cluster);
  if (!alert.with_metadata) return text;
  const CanarySpec& spec = canary.spec;
  text.fields.emplace_back(
      "Target",
      spec.target_ref.kind + "/" + to_string(ObjectName{canary.name.ns, spec.target_ref.name}));
  text.fields.emplace_back("Failed checks threshold", std::to_string(spec.analysis.threshold));
  text.fields.emplace_back("Progress deadline",
                           fmt::format("{}s", spec.progress_deadline_seconds.value_or(600)));
  if (std::string routing = routing_text(spec.analysis); !routing.empty())
    text.fields.emplace_back("Traffic routing", std::move(routing));
  return text;
}

Result<Message> chat_message(const ChatService& service, const AlertText& alert) {
  if (!is_http_url(service.address))  // AP-43; the address is a secret and stays out of the message
    return fail(ErrorKind::Invalid, "the address of the {} provider is no http or https URL",
                service.type);
  auto body = body_of(service, alert);
  if (!body) return tl::unexpected(body.error());
  Message message{.request = {.method = HttpRequest::Method::Post,
                              .url = service.address,
                              .headers = {{"Content-type", "application/json"}},
                              .body = *std::move(body),
                              .timeout = 5s,
                              .proxy = service.proxy},
                  .retries = 0,
                  .what = "alert to " + service.type};
  if (service.type == "discord" && !service.address.ends_with("/slack")) {
    if (!message.request.url.ends_with("/")) message.request.url += "/";
    message.request.url += "slack";
  }
  if (service.type == "slack" && !service.token.empty())  // AP-31
    message.request.headers.emplace_back("Authorization", "Bearer " + service.token);
  return message;
}

AlertSender::AlertSender(KubeApi& api, Postbox& postbox, Settings settings,
                         std::function<void(const std::string&, const Error&)> failed)
    : api_{api}, postbox_{postbox}, settings_{std::move(settings)}, failed_{std::move(failed)} {}

Result<ChatService> AlertSender::service(const Canary& canary, const AlertRef& ref) {
  const std::string ns = ref.provider.ns.empty() ? canary.name.ns : ref.provider.ns;
  if (!settings_.cross_namespace_refs && ns != canary.name.ns)  // VAL-10, INV-40
    return fail(ErrorKind::Invalid, "alert {}: its provider is in another namespace", ref.name);
  const ObjectPath where{alert_providers, ns, ref.provider.name};
  const auto object = api_.get(where);
  if (!object) return tl::unexpected(error_of(object.error(), spoken("AlertProvider", where)));
  const auto provider = alert_provider_of(*object);
  if (!provider) return tl::unexpected(provider.error());
  ChatService service{.type = provider->type,
                      .address = provider->address,
                      .token = {},
                      .channel = provider->channel.empty() ? "general" : provider->channel,
                      .username = provider->username.empty() ? "flagger" : provider->username,
                      .proxy = provider->proxy};
  if (provider->secret_ref.empty()) return service;
  const ObjectPath secret{{"", "v1", "secrets"}, ns, provider->secret_ref};
  const auto held = api_.get(secret);
  if (!held) return tl::unexpected(error_of(held.error(), spoken("Secret", secret)));
  const auto address = base64_decoded(text_at(*held, {"data", "address"}));
  if (!address || address->empty())  // AP-12
    return fail(ErrorKind::Invalid, "{} has no key address", spoken("Secret", secret));
  service.address = *address;
  service.token = base64_decoded(text_at(*held, {"data", "token"})).value_or("");
  return service;
}

void AlertSender::send(const Canary& canary, const Alert& alert) {
  const AlertText text = alert_text(canary, alert, settings_.cluster);
  const auto post = [&](const ChatService& service) {
    if (service.address.empty()) return;  // AP-17
    auto message = chat_message(service, text);
    if (message) {
      postbox_.post(*std::move(message));
    } else {
      failed_("alert to " + service.type, message.error());
    }
  };
  if (canary.spec.analysis.alerts.empty()) {
    if (!settings_.global.type.empty()) post(settings_.global);
    return;
  }
  for (const AlertRef& ref : canary.spec.analysis.alerts) {
    if (!wants(ref.severity, alert.severity, settings_.compat)) continue;
    const auto found = service(canary, ref);
    if (found) {
      post(*found);
    } else {
      failed_("alert " + ref.name, found.error());
    }
  }
}

}  // namespace volary::live
