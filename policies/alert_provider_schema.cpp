#include "policies/flagger_schemas.hpp"

/// `flagger.app/v1beta1 AlertProvider`. Source: canary-resource.md §9.
namespace volary {
namespace {

const Schema<AlertProvider>& spec_schema() {
  static const Schema<ObjectName> secret{
      "SecretRef", {field("name", &ObjectName::name, text(), {.required = true})}};
  // clang-format off
  static const Schema<AlertProvider> schema = Schema<AlertProvider>{"AlertProviderSpec", {
      field("type", &AlertProvider::type, one_of({"slack", "msteams", "discord", "rocket", "gchat"}),
            {.required = true, .rule = "AP-10"}),
      field("address", &AlertProvider::address, text(), {.rule = "AP-11", .doc = "hook URL"}),
      field_into<AlertProvider>("secretRef", object(secret),
                                [](AlertProvider& into, ObjectName read) { into.secret_ref = std::move(read.name); },
                                {.rule = "AP-12"}),
      field("channel", &AlertProvider::channel, text(), {.unset = "general", .rule = "AP-13"}),
      field("username", &AlertProvider::username, text(), {.unset = "flagger", .rule = "AP-14"}),
      field("proxy", &AlertProvider::proxy, text(), {.rule = "AP-15"}),
  }}.exactly_one_of({"address", "secretRef"});  // AP-16
  // clang-format on
  return schema;
}

}  // namespace

const Schema<AlertProvider>& alert_provider_schema() {
  static const Schema<AlertProvider> schema{
      "AlertProvider",
      {
          known("apiVersion"),
          known("kind"),
          field_into<AlertProvider>("spec", object(spec_schema()),
                                    [](AlertProvider& into, AlertProvider read) {
                                      read.name = std::move(into.name);
                                      into = std::move(read);
                                    },
                                    {.required = true}),
          field_into<AlertProvider>(
              "metadata", object(object_meta_schema()),
              [](AlertProvider& into, ObjectMeta meta) { into.name = std::move(meta.name); },
              {.required = true}),
          known("status"),
      }};
  return schema;
}

}  // namespace volary
