#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// Dynatrace. Source: PRV-70 … PRV-72, MT-27.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int intervals = 10;

class Dynatrace final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto range = range_of(question, intervals);
    if (!range) return tl::unexpected(range.error());
    const auto to = unix_seconds(question.now) * 1000;
    const auto from = to - std::chrono::duration_cast<std::chrono::milliseconds>(*range).count();
    return get(question, "/api/v2/metrics/query?" + query_text({{"from", std::to_string(from)},
                                                                {"metricSelector", question.query},
                                                                {"resolution", "Inf"},
                                                                {"to", std::to_string(to)}}));
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    for (const char* note : {"warnings", "nextPageKey"})
      if (auto good = whole(question, at(*body, {note})); !good)
        return tl::unexpected(good.error());
    const json& results = at(*body, {"result"});
    if (results.is_null()) return no_values();
    if (!results.is_array()) return unexpected_shape("a list of results");
    if (results.empty()) return no_values();
    if (auto good = whole(question, at(results.front(), {"warnings"})); !good)
      return tl::unexpected(good.error());
    const json& sets = at(results.front(), {"data"});
    if (sets.is_null()) return no_values();
    if (!sets.is_array()) return unexpected_shape("a list of data sets");
    const std::size_t series = sets.size() + results.size() - 1;
    if (series > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (sets.empty()) return no_values();
    const json& values = at(sets.back(), {"values"});  // PRV-71
    if (values.is_null()) return no_values();
    if (!values.is_array()) return unexpected_shape("a list of values");
    if (values.empty()) return no_values();
    if (values.front().is_null() && question.strict()) return no_values();
    const auto value = values.front().is_null() ? std::optional{0.0} : number_of(values.front());
    if (!value) return unexpected_shape("a list of numbers");
    const json& times = at(sets.back(), {"timestamps"});
    const auto ms = times.is_array() && !times.empty() ? number_of(times.front()) : std::nullopt;
    if (!ms && question.strict()) return unexpected_shape("a list of values with their times");
    return Measurement{.value = *value,
                       .series = static_cast<int>(series),
                       .newest = from_unix_seconds(ms.value_or(0) / 1000),
                       .window = range_of(question, intervals).value_or(Duration{}),
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    return get(question, "/api/v2/metrics?pageSize=1");
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }

 private:
  static Result<HttpRequest> get(const MetricQuestion& question, const std::string& path) {
    const auto base = base_url(question.address, {});
    if (!base) return tl::unexpected(base.error());
    const auto token = secret_key(question, "dynatrace_token");
    if (!token) return tl::unexpected(token.error());
    return HttpRequest{.url = *base + path,
                       .headers = {{"Authorization", "Api-Token " + *token}},
                       .body = {},
                       .timeout = 5s,
                       .proxy = {}};
  }
};

}  // namespace

const HttpProvider& dynatrace_provider() {
  static const Dynatrace provider;
  return provider;
}

}  // namespace volary::live
