#include <algorithm>
#include <memory>

#include "policies/flagger_schemas.hpp"

/// What several kinds have in common: metadata, references, matches.
namespace volary {
namespace {

/// A schema that a format owns, for tables that are made with parameters.
template <class T>
Format<T> owned(std::shared_ptr<const Schema<T>> schema) {
  Format<T> format = object(*schema);
  format.read = [schema](const Node& node, Reader& reader) { return schema->read(node, reader); };
  static std::vector<std::shared_ptr<const Outline>>
      kept;  // Shape points at it: tables live as long as the program
  kept.push_back(schema);
  return format;
}

Format<StringMatch> string_match() {
  struct Written {
    std::optional<std::string> exact, prefix, suffix, regex;
  };
  static const Schema<Written> schema = Schema<Written>{
      "StringMatch",
      {field("exact", &Written::exact), field("prefix", &Written::prefix),
       field("suffix", &Written::suffix),
       field("regex",
             &Written::regex)}}.check([](const Written& match, const Node& node, Reader& reader) {
    const int members = match.exact.has_value() + match.prefix.has_value() +
                        match.suffix.has_value() + match.regex.has_value();
    if (members > 1) reader.refuse(node.at, "may have only one of exact, prefix, suffix, regex");
  });
  return mapped(object(schema), [](const Written& match) -> StringMatch {
    if (match.exact) return {StringMatch::Kind::Exact, *match.exact};
    if (match.prefix) return {StringMatch::Kind::Prefix, *match.prefix};
    if (match.suffix) return {StringMatch::Kind::Suffix, *match.suffix};
    if (match.regex) return {StringMatch::Kind::Regex, *match.regex};
    return {StringMatch::Kind::Regex, ".*"};  // an empty match asks that the header be there
  });
}

/// Header names do not know case.
std::map<std::string, StringMatch> lower_case(std::map<std::string, StringMatch> headers) {
  std::map<std::string, StringMatch> lower;
  for (auto& [name, match] : headers) {
    std::string key = name;
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    lower.insert_or_assign(std::move(key), std::move(match));
  }
  return lower;
}

}  // namespace

const Schema<ObjectMeta>& object_meta_schema() {
  static const Schema<ObjectMeta> schema{
      "ObjectMeta",
      {
          field_into<ObjectMeta>(
              "name", object_name(),
              [](ObjectMeta& meta, std::string name) { meta.name.name = std::move(name); },
              {.required = true}),
          field_into<ObjectMeta>(
              "namespace", object_name(),
              [](ObjectMeta& meta, std::string ns) { meta.name.ns = std::move(ns); },
              {.unset = "default"}),
          field("labels", &ObjectMeta::labels),
          field("annotations", &ObjectMeta::annotations),
          known("generateName"),
          known("creationTimestamp"),
          known("deletionTimestamp"),
          known("deletionGracePeriodSeconds"),
          known("finalizers"),
          known("generation"),
          known("managedFields"),
          known("ownerReferences"),
          known("resourceVersion"),
          known("selfLink"),
          known("uid"),
          known("clusterName"),
      }};
  return schema;
}

Format<ObjectName> name_reference(std::string what) {
  return owned(std::make_shared<const Schema<ObjectName>>(
      std::move(what),
      std::vector<Schema<ObjectName>::Row>{
          field("name", &ObjectName::name, text(), {.required = true}),
          field("namespace", &ObjectName::ns, text(), {.unset = "the Canary's namespace"}),
      }));
}

Format<ObjectRef> object_reference(std::vector<std::string> kinds, std::vector<std::string> also) {
  std::vector<Schema<ObjectRef>::Row> rows{
      field("apiVersion", &ObjectRef::api_version, text(), {.required = true}),
      field("kind", &ObjectRef::kind, one_of(std::move(kinds)), {.required = true}),
      field("name", &ObjectRef::name, text(), {.required = true}),
  };
  for (std::string& key : also) {
    if (key == "namespace")
      rows.push_back(field("namespace", &ObjectRef::ns, text()));
    else
      rows.emplace_back(known(std::move(key)));
  }
  return owned(std::make_shared<const Schema<ObjectRef>>("ObjectRef", std::move(rows)));
}

const Schema<HttpMatch>& http_match_schema() {
  using Headers = std::map<std::string, StringMatch>;
  static const Schema<HttpMatch> schema{
      "HTTPMatchRequest",
      {
          field_into<HttpMatch>("headers", map_of(string_match()),
                                [](HttpMatch& match, Headers headers) {
                                  match.headers = lower_case(std::move(headers));
                                },
                                {.doc = "a cookie is matched through the header cookie"}),
          field("queryParams", &HttpMatch::query_params, map_of(string_match())),
          field("sourceLabels", &HttpMatch::source_labels),
          field("uri", &HttpMatch::uri, string_match()),
          known("name"),
          known("scheme"),
          known("method"),
          known("authority"),
          known("withoutHeaders"),
          known("gateways"),
          known("port"),
          known("ignoreUriCase"),
          known("sourceNamespace"),
      }};
  return schema;
}

}  // namespace volary
