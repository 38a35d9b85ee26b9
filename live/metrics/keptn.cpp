#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "live/checksum.hpp"
#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// Keptn, which lives in the cluster: its metrics and analyses are objects of the API server.
/// Source: PRV-80 … PRV-83, MT-28.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int polls = 10;  // PRV-82

Resource keptn(const char* plural) { return {"metrics.keptn.sh", "v1beta1", plural}; }

/// PRV-80.
struct KeptnQuery {
  bool analysis = false;
  std::string ns, name, timeframe, arguments;
};

Result<KeptnQuery> keptn_query(std::string_view written) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!written.empty() && space(written.front())) written.remove_prefix(1);
  while (!written.empty() && space(written.back())) written.remove_suffix(1);
  std::string text{written};
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto slash =
        parts.size() == 4 ? text.size() : std::min(text.find('/', from), text.size());
    parts.push_back(text.substr(from, slash - from));
    from = slash + 1;
  }
  if (parts.size() < 3 || parts[1].empty() || parts[2].empty())
    return fail(ErrorKind::Invalid,
                "the query is not of the form type/namespace/name[/timeframe[/arguments]]");
  const bool metric = parts[0] == "keptnmetric" || parts[0] == "keptnmetrics";
  const bool analysis = parts[0] == "analysis" || parts[0] == "analyses";
  if (!metric && !analysis)
    return fail(ErrorKind::Invalid, "the query is neither of type keptnmetric nor analysis");
  parts.resize(5);
  return KeptnQuery{analysis, parts[1], parts[2], parts[3], parts[4]};
}

/// "k=v;k=v".
Result<json> arguments_of(std::string_view text) {
  json arguments = json::object();
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(ErrorKind::Invalid, "the arguments of the analysis are not of the form k=v;k=v");
    arguments[std::string{pair.substr(0, equals)}] = std::string{pair.substr(equals + 1)};
  }
  return arguments;
}

Measurement measured(double value) {
  return {.value = value, .series = 1, .newest = {}, .window = {}, .samples = std::nullopt};
}

Result<Measurement> metric_value(const MetricQuestion& question, const KeptnQuery& query,
                                 KubeApi& api) {
  const ObjectPath path{keptn("keptnmetrics"), query.ns, query.name};
  const auto object = api.get(path);
  if (!object) return tl::unexpected(error_of(object.error(), spoken("KeptnMetric", path)));
  const std::string text = text_at(*object, {"status", "value"});
  if (text.empty())  // PRV-81: not "no values"
    return fail(ErrorKind::Invalid, "{} has no value", spoken("KeptnMetric", path));
  const auto value = number_in(text, question.compat);
  if (!value)
    return fail(ErrorKind::Invalid, "the value '{}' of {} is not a number",
                shown(question, text.substr(0, 40)), spoken("KeptnMetric", path));
  return measured(*value);
}

/// PRV-82: waits for the analysis to complete.
Result<Measurement> analysis_outcome(const ObjectPath& path, const MetricDoors& doors) {
  for (int poll = 0; poll < polls; ++poll) {
    doors.wait(1s);
    const auto object = doors.api.get(path);
    if (!object) return tl::unexpected(error_of(object.error(), spoken("Analysis", path)));
    if (text_at(*object, {"status", "state"}) == "Completed")
      return measured(true_at(*object, {"status", "pass"}) ? 1 : 0);
  }
  return fail(ErrorKind::Timeout, "{} did not complete within 10 s", spoken("Analysis", path));
}

Result<Measurement> analysis_value(const KeptnQuery& query, const MetricDoors& doors) {
  const auto arguments = arguments_of(query.arguments);
  if (!arguments) return tl::unexpected(arguments.error());
  const ObjectPath path{keptn("analyses"), query.ns,
                        query.name + "-" + sha256(doors.entropy.letters(20)).substr(0, 6)};
  json object{{"apiVersion", "metrics.keptn.sh/v1beta1"},
              {"kind", "Analysis"},
              {"metadata", {{"name", path.name}, {"namespace", path.ns}}},
              {"spec",
               {{"analysisDefinition", {{"name", query.name}}},
                {"timeframe", {{"recent", query.timeframe.empty() ? "1m" : query.timeframe}}}}}};
  if (!arguments->empty()) object["spec"]["args"] = *arguments;
  const auto created = doors.api.create(path, object);
  if (!created) return tl::unexpected(error_of(created.error(), spoken("Analysis", path)));
  auto outcome = analysis_outcome(path, doors);
  // Deleted in every case. Where that fails the outcome stands: what stays behind has a name of its
  // own.
  (void)doors.api.remove(path, text_at(*created, {"metadata", "uid"}));
  return outcome;
}

class Keptn final : public MetricProvider {
 public:
  Result<Measurement> query(const MetricQuestion& question,
                            const MetricDoors& doors) const override {
    const auto asked = keptn_query(question.query);
    if (!asked) return tl::unexpected(asked.error());
    return asked->analysis ? analysis_value(*asked, doors)
                           : metric_value(question, *asked, doors.api);
  }
  Result<void> online(const MetricQuestion&, const MetricDoors&) const override { return {}; }
};

}  // namespace

const MetricProvider& keptn_provider() {
  static const Keptn provider;
  return provider;
}

}  // namespace volary::live
