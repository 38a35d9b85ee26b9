#include <fmt/format.h>

#include "policies/flagger_schemas.hpp"

/// `Canary.spec.analysis`: how a revision is validated. Source: canary-resource.md §4.
namespace volary {
namespace {

/// VAL-04. The pattern has no end, so `1m30s` passes and `1h` does not.
Format<std::string> flagger_interval() {
  return text_matching("^[0-9]+(m|s)", "a duration such as 30s or 1m");
}

const Schema<ThresholdRange>& threshold_range_schema() {
  static const Schema<ThresholdRange> schema{
      "ThresholdRange",
      {
          field("min", &ThresholdRange::min, {.rule = "ANA-42", .doc = "lowest accepted value"}),
          field("max", &ThresholdRange::max, {.rule = "ANA-42", .doc = "highest accepted value"}),
      }};
  return schema;
}

const Schema<MetricCheck>& metric_check_schema() {
  // clang-format off
  static const Schema<MetricCheck> schema{"CanaryMetric", {
      field("name", &MetricCheck::name, text(),
            {.required = true, .rule = "ANA-40", .doc = "request-success-rate and request-duration are builtin"}),
      field("interval", &MetricCheck::interval, flagger_interval(), {.unset = "1m, or empty for a template", .rule = "ANA-41", .doc = "range window of the query"}),
      field("thresholdRange", &MetricCheck::range, object(threshold_range_schema()), {.rule = "ANA-42"}),
      field("threshold", &MetricCheck::threshold, number(), {.rule = "ANA-43", .doc = "deprecated: write thresholdRange"}),
      field("query", &MetricCheck::query, text(), {.rule = "ANA-44", .doc = "deprecated in-line PromQL: write a MetricTemplate"}),
      field("templateRef", &MetricCheck::template_ref, name_reference("MetricTemplate"), {.rule = "ANA-45"}),
      field("templateVariables", &MetricCheck::variables, map_of(text()), {.rule = "ANA-46"}),
  }};
  // clang-format on
  return schema;
}

Format<HookType> hook_type_written() {
  std::vector<std::pair<std::string, HookType>> names{{"", HookType::Rollout}};
  for (const HookType type : {HookType::Rollout, HookType::ConfirmRollout, HookType::PreRollout,
                              HookType::ConfirmTrafficIncrease, HookType::ConfirmPromotion,
                              HookType::PostRollout, HookType::Rollback, HookType::Event})
    names.emplace_back(to_string(type), type);
  return choice(std::move(names));
}

const Schema<Webhook>& webhook_schema() {
  // clang-format off
  static const Schema<Webhook> schema{"CanaryWebhook", {
      field("name", &Webhook::name, text(), {.required = true, .rule = "ANA-60"}),
      field("url", &Webhook::url, text(), {.required = true, .rule = "ANA-61", .doc = "POST target"}),
      field("type", &Webhook::type, hook_type_written(), {.unset = "rollout", .rule = "ANA-62"}),
      field("timeout", &Webhook::timeout, flagger_interval(), {.unset = "10s", .rule = "ANA-63", .doc = "per attempt"}),
      field("retries", &Webhook::retries, integer(), {.unset = "0", .rule = "ANA-64"}),
      field("disableTLS", &Webhook::disable_tls, truth(), {.unset = "false", .rule = "ANA-65"}),
      field("muteAlert", &Webhook::mute_alert, truth(), {.unset = "false", .rule = "ANA-66"}),
      field("metadata", &Webhook::metadata, map_of(text()), {.rule = "ANA-67", .doc = "copied into the payload"}),
  }};
  // clang-format on
  return schema;
}

const Schema<AlertRef>& alert_schema() {
  static const Schema<AlertRef> schema{
      "CanaryAlert",
      {
          field("name", &AlertRef::name, text(), {.required = true, .rule = "ANA-80"}),
          field("severity", &AlertRef::severity, one_of({"", "info", "warn", "error"}),
                {.rule = "ANA-81"}),
          field("providerRef", &AlertRef::provider, name_reference("AlertProvider"),
                {.required = true, .rule = "ANA-82"}),
      }};
  return schema;
}

const Schema<SessionAffinity>& session_affinity_schema() {
  // clang-format off
  static const Schema<SessionAffinity> schema = Schema<SessionAffinity>{"SessionAffinity", {
      field("cookieName", &SessionAffinity::cookie_name, text(), {.required = true, .rule = "SA-01", .doc = "cookie that pins a client to the canary"}),
      field("primaryCookieName", &SessionAffinity::primary_cookie_name, text(), {.rule = "SA-02", .doc = "cookie that pins a client to the primary"}),
      field("maxAge", &SessionAffinity::max_age, integer(), {.unset = "86400", .rule = "SA-03", .doc = "seconds"}),
      field("domain", &SessionAffinity::domain, text(), {.rule = "SA-04"}),
      field("path", &SessionAffinity::path, text(), {.rule = "SA-04"}),
      field("httpOnly", &SessionAffinity::http_only, truth(), {.rule = "SA-05"}),
      field("partitioned", &SessionAffinity::partitioned, truth(), {.rule = "SA-05"}),
      field("secure", &SessionAffinity::secure, truth(), {.rule = "SA-05"}),
      field("sameSite", &SessionAffinity::same_site, one_of({"Strict", "Lax", "None"}), {.rule = "SA-06"}),
  }}.check([](const SessionAffinity& affinity, const Node& node, Reader& reader) {
    if (affinity.cookie_name == affinity.primary_cookie_name)  // VAL-13
      reader.refuse(node.at, "cookieName and primaryCookieName must differ");
  });
  // clang-format on
  return schema;
}

/// VAL-03: exactly one of interval + threshold + one form of progress.
void check_field_sets(const Analysis&, const Node& node, Reader& reader) {
  std::vector<std::string> forms;
  for (const char* form : {"stepWeight", "stepWeights", "iterations"})
    if (const Node* value = node.find(form); value && !value->is_null()) forms.emplace_back(form);
  if (forms.empty())
    reader.refuse(node.at, "has none of stepWeight, stepWeights, iterations",
                  "stepWeight moves traffic in equal steps, stepWeights in your own; iterations is "
                  "for A/B and Blue/Green");
  else if (forms.size() > 1)
    reader.refuse(node.at, fmt::format("has {}: only one may be given", fmt::join(forms, " and ")));
}

}  // namespace

const Schema<Analysis>& analysis_schema() {
  // clang-format off
  static const Schema<Analysis> schema = Schema<Analysis>{"CanaryAnalysis", {
      field("interval", &Analysis::interval, flagger_interval(),
            {.required = true, .unset = "60s", .rule = "ANA-01", .doc = "time between ticks, for example 1m"}),
      field("threshold", &Analysis::threshold, integer(),
            {.required = true, .unset = "1", .rule = "ANA-02", .doc = "failed checks that end the analysis, for example 5"}),
      field("iterations", &Analysis::iterations, integer(), {.unset = "0", .rule = "ANA-03", .doc = "checks of an A/B test or Blue/Green release"}),
      field("match", &Analysis::match, list_of(object(http_match_schema())), {.rule = "ANA-04", .doc = "who sees the canary of an A/B test"}),
      field("stepWeight", &Analysis::step_weight, integer(), {.unset = "0", .rule = "ANA-05", .doc = "added to the canary's weight per step"}),
      field("stepWeights", &Analysis::step_weights, list_of(integer()), {.rule = "ANA-06", .doc = "the weights, one by one"}),
      field("maxWeight", &Analysis::max_weight, integer(), {.unset = "100", .rule = "ANA-07", .doc = "weight at which promotion starts"}),
      field("stepWeightPromotion", &Analysis::step_weight_promotion, integer(), {.unset = "0, all at once", .rule = "ANA-08", .doc = "weight moved back per step of the promotion"}),
      field("mirror", &Analysis::mirror, truth(), {.unset = "false", .rule = "ANA-09"}),
      field("mirrorWeight", &Analysis::mirror_weight, integer(), {.unset = "0, all requests", .rule = "ANA-10"}),
      field("primaryReadyThreshold", &Analysis::primary_ready_threshold, integer(), {.unset = "100", .rule = "ANA-11", .doc = "percent of pods"}),
      field("canaryReadyThreshold", &Analysis::canary_ready_threshold, integer(), {.unset = "100", .rule = "ANA-12", .doc = "percent of pods"}),
      field("metrics", &Analysis::metrics, list_of(object(metric_check_schema())), {.rule = "ANA-13"}),
      field("webhooks", &Analysis::webhooks, list_of(object(webhook_schema())), {.rule = "ANA-14"}),
      field("alerts", &Analysis::alerts, list_of(object(alert_schema())), {.rule = "ANA-15"}),
      field("sessionAffinity", &Analysis::session_affinity, object(session_affinity_schema()), {.rule = "ANA-16"}),
  }}.check(check_field_sets);
  // clang-format on
  return schema;
}

}  // namespace volary
