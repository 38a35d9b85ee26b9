#include "live/metrics/cluster_metrics.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "live/base64.hpp"
#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"

namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration lookback = 5min;       // how far a server looks back for a sample (FLT-90)
constexpr Duration clocks_differ = 1min;  // what is no lie about the future yet

/// Says which template it was; "no data" is no error of the template.
auto in_template(const MetricQuery& query) {
  return [&query](Error error) {
    if (query.metric_template == nullptr || error.kind == ErrorKind::NoData) return error;
    return in("MetricTemplate " + to_string(query.metric_template->name))(std::move(error));
  };
}

}  // namespace

ClusterMetrics::ClusterMetrics(MetricDoors doors, const Clock& clock, Settings settings,
                               Templates templates)
    : doors_{std::move(doors)},
      clock_{clock},
      settings_{std::move(settings)},
      templates_{std::move(templates)} {}

Result<MetricQuestion> ClusterMetrics::question(const MetricQuery& query) {
  MetricQuestion question{.address = query.server,
                          .query = query.text,
                          .interval = query.interval,
                          .now = clock_.now(),
                          .compat = settings_.compat};
  if (query.metric_template == nullptr) return question;  // MET-05: without credentials
  const MetricTemplate& from = *query.metric_template;
  question.address = from.address;
  question.headers = from.headers;
  question.region = from.region;
  question.verify_peer = !from.insecure_skip_verify;
  if (from.secret_ref.empty()) return question;
  question.has_secret = true;
  const ObjectPath where{{"", "v1", "secrets"}, from.name.ns, from.secret_ref};  // MT-13
  const auto held = doors_.api.get(where);
  if (!held) return tl::unexpected(error_of(held.error(), spoken("Secret", where)));
  for (const auto& [key, value] : labels_at(*held, {"data"})) {
    const auto bytes = from_base64(value);
    if (!bytes)
      return fail(ErrorKind::Invalid, "{}: the value of key {} is not base64",
                  spoken("Secret", where), key);
    question.secret[key] = *bytes;
  }
  return question;
}

Result<Measurement> ClusterMetrics::believed(const MetricQuestion& question,
                                             Measurement answer) const {
  if (!question.strict()) return answer;
  if (answer.series != 1)  // FLT-85
    return fail(ErrorKind::Invalid, "the query answers {} series where one is wanted",
                answer.series);
  if (!std::isfinite(answer.value))  // FLT-82, FLT-83; in the words of judge()
    return fail(ErrorKind::NoData, "the query answered {}, which is not a measurement",
                answer.value);
  if (answer.newest == Instant{}) return answer;  // this kind of server does not say
  const Duration window = answer.window > Duration{}
                              ? answer.window
                              : go_parse_duration(question.interval).value_or(Duration{});
  const Duration oldest = 2 * std::min<Duration>(window, std::chrono::hours{24 * 365}) + lookback;
  if (answer.newest < question.now - oldest)  // FLT-90
    return fail(ErrorKind::Invalid, "stale sample ({:.0f} s old)",
                seconds(question.now - std::max(answer.newest, Instant{})));
  if (answer.newest > question.now + clocks_differ)
    return fail(ErrorKind::Invalid, "the sample is from the future: do the clocks agree?");
  return answer;
}

Result<Measurement> ClusterMetrics::ask(const std::string& provider,
                                        const MetricQuestion& question) const {
  return provider_named(provider).query(question, doors_).and_then([&](Measurement answer) {
    return believed(question, answer);
  });
}

Result<Measurement> ClusterMetrics::query(const MetricQuery& query) {
  auto asked = question(query);
  if (!asked) return tl::unexpected(in_template(query)(asked.error()));
  auto answer = ask(query.provider_type, *asked).map_error(in_template(query));
  if (!answer || query.requests.empty()) return answer;
  asked->query = query.requests;
  if (const auto rate = ask(query.provider_type, *asked);
      rate && rate->value >= 0 && std::isfinite(rate->value))
    answer->samples = std::round(rate->value * seconds(rate->window));
  return answer;
}

Result<void> ClusterMetrics::online(const MetricQuery& server) {
  const auto asked = question(server);
  if (!asked) return tl::unexpected(in_template(server)(asked.error()));
  return provider_named(server.provider_type).online(*asked, doors_).map_error(in_template(server));
}

Result<MetricTemplate> ClusterMetrics::find_template(const ObjectName& name) {
  if (!settings_.cross_namespace_refs && name.ns != settings_.canary_ns)  // INV-40
    return fail(ErrorKind::Invalid, "the MetricTemplate {} is in another namespace",
                to_string(name));
  if (templates_) return templates_(name);
  const ObjectPath where{metric_templates, name.ns, name.name};
  const auto object = doors_.api.get(where);
  if (!object) return tl::unexpected(error_of(object.error(), spoken("MetricTemplate", where)));
  return metric_template_of(*object);
}

}  // namespace volary::live
