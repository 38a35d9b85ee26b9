#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// Datadog. Source: PRV-10 … PRV-13, MT-21.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int intervals = 10;  // PRV-10: the newest bucket is usually incomplete

class Datadog final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto range = range_of(question, intervals);
    if (!range) return tl::unexpected(range.error());
    return get(question,
               "/api/v1/query?" +
                   query_text({{"from", std::to_string(unix_seconds(question.now - *range))},
                               {"query", question.query},
                               {"to", std::to_string(unix_seconds(question.now))}}));
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    const std::string error = text_at(*body, {"error"});
    if (question.strict() && (!error.empty() || text_at(*body, {"status"}) == "error"))  // FLT-88
      return fail(ErrorKind::Invalid, "the metric server answered an error: {}",
                  shown(question, error));
    const json& series = at(*body, {"series"});
    if (series.is_null()) return no_values();
    if (!series.is_array()) return unexpected_shape("a list of series");
    if (series.size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (series.empty()) return no_values();
    const json& points = at(series.front(), {"pointlist"});
    if (points.is_null()) return no_values();
    if (!points.is_array()) return unexpected_shape("a list of points");
    if (points.empty()) return no_values();
    const json& point = points.front();  // PRV-12: the oldest
    if (!point.is_array() || point.size() != 2) return unexpected_shape("a list of points");
    const auto ms = number_of(point[0]);
    if (!ms && question.strict()) return unexpected_shape("a list of points with their times");
    if (point[1].is_null() && question.strict()) return no_values();
    const auto value = point[1].is_null() ? std::optional{0.0} : number_of(point[1]);
    if (!value) return unexpected_shape("a list of points with numbers");
    return Measurement{.value = *value,
                       .series = static_cast<int>(series.size()),
                       .newest = from_unix_seconds(ms.value_or(0) / 1000),
                       .window = range_of(question, intervals).value_or(Duration{}),
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    return get(question, "/api/v1/validate");
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }

 private:
  static Result<HttpRequest> get(const MetricQuestion& question, const std::string& path) {
    const auto base = base_url(question.address, "https://api.datadoghq.com");
    if (!base) return tl::unexpected(base.error());
    const auto key = secret_key(question, "datadog_api_key");
    if (!key) return tl::unexpected(key.error());
    const auto application = secret_key(question, "datadog_application_key");
    if (!application) return tl::unexpected(application.error());
    return HttpRequest{.url = *base + path,
                       .headers = {{"DD-API-KEY", *key}, {"DD-APPLICATION-KEY", *application}},
                       .body = {},
                       .timeout = 5s,
                       .proxy = {}};
  }
};

}  // namespace

const HttpProvider& datadog_provider() {
  static const Datadog provider;
  return provider;
}

}  // namespace volary::live
