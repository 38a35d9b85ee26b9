#include "scenarios/load.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/scenario_schema.hpp"

namespace volary {
namespace {

constexpr std::string_view our_api = "volary.dev/v1alpha1";

struct Metadata {
  std::string name;
};
struct Document {
  Metadata metadata;
  sim::Scenario spec;
};

const Schema<Document>& document_schema() {
  static const Schema<Metadata> metadata{
      "Metadata",
      {
          field("name", &Metadata::name, object_name(), {.required = true}),
          known("labels"),
          known("annotations"),
      }};
  static const Schema<Document> schema{
      "ScenarioDocument",
      {
          known("apiVersion"),
          known("kind"),
          field("metadata", &Document::metadata, object(metadata), {.required = true}),
          field("spec", &Document::spec, object(scenario_spec_schema()), {.required = true}),
      }};
  return schema;
}

/// The comment at the head of the text, without its marks.
std::string head_comment(std::string_view text) {
  std::string story;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with('#')) {
      if (story.empty() && (line.empty() || line == "---")) continue;
      break;
    }
    line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    story += line;
    story += '\n';
  }
  while (!story.empty() && story.back() == '\n') story.pop_back();
  return story;
}

Result<const Node*> the_scenario(const std::vector<Node>& documents, const std::string& name) {
  const Node* found = nullptr;
  for (const Node& document : documents) {
    const std::string kind{document.text_at({"kind"})};
    if (kind != "Scenario") continue;
    if (found)
      return tl::unexpected(error_at(document.at, "", "a second Scenario in the same file",
                                     "give each a file of its own"));
    found = &document;
  }
  if (!found) {
    const std::string kind =
        documents.empty() ? std::string{} : std::string{documents.front().text_at({"kind"})};
    return tl::unexpected(
        Error{.message = kind.empty()
                             ? "there is no Scenario in it"
                             : fmt::format("there is no Scenario in it, but a {}", printable(kind)),
              .where = name,
              .hint = nearest(kind, {"Scenario"}).empty()
                          ? fmt::format("a scenario begins with `apiVersion: {}` and `kind: "
                                        "Scenario`",
                                        our_api)
                          : "did you mean 'Scenario'?"});
  }
  if (documents.size() > 1)
    return tl::unexpected(error_at(documents[found == &documents[0] ? 1 : 0].at, "",
                                   "another document beside the Scenario",
                                   "give the scenario a file of its own"));
  const std::string_view api = found->text_at({"apiVersion"});
  if (api != our_api)
    return tl::unexpected(error_at(
        found->find("apiVersion") ? found->find("apiVersion")->at : found->at, "apiVersion",
        api.empty() ? "is missing" : fmt::format("'{}' is not known", printable(api)),
        fmt::format("this program reads {}", our_api)));
  return found;
}

}  // namespace

Result<sim::Scenario> read_scenario(std::string_view text, const std::string& name) {
  const auto documents = parse_documents(text, name);
  if (!documents) return tl::unexpected(documents.error());
  const auto node = the_scenario(*documents, name);
  if (!node) return tl::unexpected(node.error());
  Reader reader{Dialect::Volary};
  auto document = document_schema().read(**node, reader);
  if (!document) return tl::unexpected(reader.error());
  sim::Scenario scenario = std::move(document->spec);
  scenario.name = document->metadata.name;
  scenario.story = head_comment(text);
  scenario.file = name;
  scenario.source = std::string{text};
  for (sim::Traffic& traffic : scenario.traffic)
    traffic.protocol = scenario.find_service(traffic.to)->protocol;
  return scenario;
}

Result<bool> holds_scenario(const std::string& path) {
  if (path == "-") return false;
  const auto documents = read_documents(path);
  if (!documents) return tl::unexpected(documents.error());
  for (const Node& document : *documents) {
    const auto kind = document.text_at({"kind"}), api = document.text_at({"apiVersion"});
    if (kind == "Scenario") return true;
    if (!api.starts_with("volary.dev/")) continue;
    return tl::unexpected(Error{
        .kind = ErrorKind::Invalid,
        .message = fmt::format("no kind that can be flown: '{}'", printable(kind)),
        .where = to_string(document.at),
        .hint = kind == "PolicyTest" ? "volary test runs it" : "a world is of kind: Scenario"});
  }
  return false;
}

Result<sim::Scenario> load_scenario(const std::string& path) {
  return read_file_or_stdin(path).and_then([&](const std::string& text) {
    return read_scenario(text, path == "-" ? "standard input" : printable(path, 200));
  });
}

}  // namespace volary
