#include "tests/cluster/provider_crds.hpp"

#include <filesystem>
#include <stdexcept>

#include "live/kube_objects.hpp"
#include "policies/document.hpp"
#include "tests/cluster/cluster.hpp"
#include "tests/cluster/objects.hpp"
#include "tests/cluster/worlds.hpp"

namespace volary::test {
namespace {

using live::text_at;
using nlohmann::json;
using Kind = live::KubeError::Kind;

/// YAML as JSON: what is not quoted is what it looks like.
json json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return nullptr;
    case Node::Kind::Scalar: {
      if (node.quoted) return node.text;
      json looks_like = json::parse(node.text, nullptr, false);
      return looks_like.is_number() || looks_like.is_boolean() ? looks_like : json(node.text);
    }
    case Node::Kind::Sequence: {
      json list = json::array();
      for (const Node& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case Node::Kind::Map: {
      json map = json::object();
      for (const Node::Entry& entry : node.entries) map[entry.key] = json_of(entry.value);
      return map;
    }
  }
  return nullptr;
}

/// Inside of oneOf and its kin, only what is required of values may stand.
void strip(json& schema) {
  if (schema.is_object()) {
    for (const char* word : {"type", "description", "default"})
      if (schema.contains(word) && schema[word].is_string()) schema.erase(word);
    for (json& member : schema) strip(member);
  } else if (schema.is_array()) {
    for (json& item : schema) strip(item);
  }
}

/// What the old form left open, said: types, and that fields nobody named are kept.
void make_structural(json& schema) {
  if (!schema.is_object()) return;
  for (const char* choice : {"oneOf", "anyOf", "not"})
    if (schema.contains(choice)) strip(schema[choice]);
  if (!schema.contains("type") && !schema.contains("x-kubernetes-int-or-string"))
    schema["type"] = schema.contains("items") ? "array" : "object";
  if (schema["type"] == "object") schema["x-kubernetes-preserve-unknown-fields"] = true;
  if (schema["type"] == "array" && !schema.contains("items"))
    schema["items"] = json{{"type", "object"}};
  if (schema.contains("properties"))
    for (json& property : schema["properties"]) make_structural(property);
  for (const char* inner : {"items", "additionalProperties"})
    if (schema.contains(inner)) make_structural(schema[inner]);
}

}  // namespace

std::optional<std::string> provider_crds() {
  static const std::optional<std::string> folder =
      printed_by("bash " VOLARY_SOURCE_DIR "/tests/cluster/crds.sh --find");
  return folder;
}

bool has_provider_crds(const std::string& name) {
  return provider_crds() && std::filesystem::exists(*provider_crds() + "/" + name + ".yaml");
}

json current_form(json definition) {
  if (text_at(definition, {"apiVersion"}) != "apiextensions.k8s.io/v1beta1") return definition;
  definition["apiVersion"] = "apiextensions.k8s.io/v1";
  json& spec = definition["spec"];
  json schema = live::at(spec, {"validation", "openAPIV3Schema"});
  make_structural(schema);
  json columns = live::list_at(spec, {"additionalPrinterColumns"});
  for (json& column : columns) {
    column["jsonPath"] = column["JSONPath"];
    column.erase("JSONPath");
  }
  for (json& version : spec["versions"]) {
    version["schema"]["openAPIV3Schema"] = schema;
    if (spec.contains("subresources")) version["subresources"] = spec["subresources"];
    if (!columns.empty()) version["additionalPrinterColumns"] = columns;
  }
  for (const char* gone : {"version", "validation", "subresources", "additionalPrinterColumns"})
    spec.erase(gone);
  return definition;
}

std::vector<std::string> install_provider_crds(live::KubeClient& client, const std::string& name) {
  const auto folder = provider_crds();
  if (!folder) throw std::runtime_error("there are no provider definitions");
  const std::string file = *folder + "/" + name + ".yaml";
  const auto text = read_file_or_stdin(file);
  if (!text) throw std::runtime_error(to_string(text.error()));
  const auto documents = parse_documents(*text, file, {.nodes = 1'000'000});
  if (!documents) throw std::runtime_error(to_string(documents.error()));
  std::vector<std::string> installed;
  for (const Node& document : *documents) {
    json definition = json_of(document);
    if (text_at(definition, {"kind"}) != "CustomResourceDefinition") continue;
    definition = current_form(std::move(definition));
    if (name == "osm")  // RT-CRD-13: its v1alpha3 has a schema, and may be served
      for (json& version : definition["spec"]["versions"])
        if (version["name"] == "v1alpha3") version["served"] = true;
    const live::ObjectPath path{crds, "", text_at(definition, {"metadata", "name"})};
    const auto created = client.create(path, definition);
    if (!created && created.error().kind != Kind::AlreadyExists)
      throw std::runtime_error(path.name + ": " + created.error().message);
    installed.push_back(path.name);
  }
  for (const std::string& crd : installed) {
    const bool served = eventually([&] {
      const auto now = client.get({crds, "", crd});
      if (!now) return false;
      const json& conditions = live::list_at(*now, {"status", "conditions"});
      return std::any_of(conditions.begin(), conditions.end(), [](const json& condition) {
        return text_at(condition, {"type"}) == "Established" &&
               text_at(condition, {"status"}) == "True";
      });
    });
    if (!served) throw std::runtime_error(crd + " is not served");
  }
  return installed;
}

}  // namespace volary::test
