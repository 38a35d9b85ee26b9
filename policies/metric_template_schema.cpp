#include "policies/flagger_schemas.hpp"

/// `flagger.app/v1beta1 MetricTemplate`. Source: canary-resource.md §8.
namespace volary {
namespace {

const Schema<ObjectName>& secret_schema() {
  static const Schema<ObjectName> schema{
      "SecretRef", {field("name", &ObjectName::name, text(), {.required = true})}};
  return schema;
}

const Schema<MetricTemplate>& provider_schema() {
  using Headers = std::map<std::string, std::vector<std::string>>;
  // clang-format off
  static const Schema<MetricTemplate> schema{"MetricTemplateProvider", {
      field("type", &MetricTemplate::provider_type,
            one_of({"prometheus", "influxdb", "datadog", "externalmetrics", "stackdriver", "cloudwatch", "newrelic",
                    "graphite", "dynatrace", "keptn", "splunk"}), {.required = true, .rule = "MT-10"}),
      field("address", &MetricTemplate::address, text(), {.rule = "MT-11", .doc = "base URL"}),
      field_into<MetricTemplate>("headers", map_of(list_of(text())),
                                 [](MetricTemplate& into, Headers headers) { into.headers = std::move(headers); },
                                 {.rule = "MT-12"}),
      field_into<MetricTemplate>("secretRef", object(secret_schema()),
                                 [](MetricTemplate& into, ObjectName secret) { into.secret_ref = std::move(secret.name); },
                                 {.rule = "MT-13"}),
      field("region", &MetricTemplate::region, text(), {.rule = "MT-14"}),
      field("insecureSkipVerify", &MetricTemplate::insecure_skip_verify, truth(), {.unset = "false", .rule = "MT-15"}),
  }};
  // clang-format on
  return schema;
}

const Schema<MetricTemplate>& spec_schema() {
  static const Schema<MetricTemplate> schema{
      "MetricTemplateSpec",
      {
          field_into<MetricTemplate>("provider", object(provider_schema()),
                                     [](MetricTemplate& into, MetricTemplate read) {
                                       read.query = std::move(into.query);
                                       into = std::move(read);
                                     },
                                     {.required = true}),
          field("query", &MetricTemplate::query, text(), {.required = true, .rule = "MT-16"}),
      }};
  return schema;
}

}  // namespace

const Schema<MetricTemplate>& metric_template_schema() {
  static const Schema<MetricTemplate> schema{
      "MetricTemplate",
      {
          known("apiVersion"),
          known("kind"),
          field_into<MetricTemplate>("spec", object(spec_schema()),
                                     [](MetricTemplate& into, MetricTemplate read) {
                                       read.name = std::move(into.name);
                                       into = std::move(read);
                                     },
                                     {.required = true}),
          field_into<MetricTemplate>(
              "metadata", object(object_meta_schema()),
              [](MetricTemplate& into, ObjectMeta meta) { into.name = std::move(meta.name); },
              {.required = true}),
          known("status"),
      }};
  return schema;
}

}  // namespace volary
