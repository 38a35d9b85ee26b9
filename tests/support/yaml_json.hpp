#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "policies/document.hpp"

/// Kubernetes objects in tests are written as YAML, as people write them, and read as the JSON that
/// the API server has.
namespace volary::test {

inline nlohmann::json json_of_scalar(const Node& node) {
  const std::string& text = node.text;
  if (node.quoted) return text;
  if (text == "true" || text == "false") return text == "true";
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
      error == std::errc{} && stop == end)
    return whole;
  double number = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, number);
      error == std::errc{} && stop == end)
    return number;
  return text;
}

inline nlohmann::json json_of_node(const Node& node) {
  if (node.is_scalar()) return json_of_scalar(node);
  if (node.is_null()) return nullptr;
  nlohmann::json value = node.is_map() ? nlohmann::json::object() : nlohmann::json::array();
  for (const Node& item : node.items) value.push_back(json_of_node(item));
  for (const Node::Entry& entry : node.entries) value[entry.key] = json_of_node(entry.value);
  return value;
}

/// Every document of a text.
inline std::vector<nlohmann::json> jsons_of_yaml(std::string_view text) {
  const auto documents = parse_documents(text, "test.yaml");
  if (!documents) FAIL(to_string(documents.error()));
  std::vector<nlohmann::json> values;
  for (const Node& document : *documents) values.push_back(json_of_node(document));
  return values;
}

/// The only document of a text.
inline nlohmann::json json_of_yaml(std::string_view text) {
  const auto values = jsons_of_yaml(text);
  REQUIRE(values.size() == 1);
  return values.front();
}

}  // namespace volary::test
