#include <cmath>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/google_token.hpp"
#include "live/metrics/parts.hpp"
#include "live/rfc3339.hpp"

/// Google Cloud Monitoring by its REST interface. Source: PRV-50 … PRV-52, MT-25.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* fetched_token = "access token";

class Stackdriver final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto base = base_url(question.address, "https://monitoring.googleapis.com");
    if (!base) return tl::unexpected(base.error());
    const auto project = secret_key(question, "project");
    if (!project) return tl::unexpected(project.error());
    const auto token = secret_key(question, fetched_token);
    if (!token) return tl::unexpected(token.error());
    return HttpRequest{
        .method = HttpRequest::Method::Post,
        .url = fmt::format("{}/v3/projects/{}/timeSeries:query", *base, path_encoded(*project)),
        .headers = {{"Authorization", "Bearer " + *token}, {"Content-Type", "application/json"}},
        .body =
            json{{"query", question.query}}.dump(-1, ' ', false, json::error_handler_t::replace),
        .timeout = 10s,  // the reference has none (PRV-50); INV-41 wants one
        .proxy = {}};
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    for (const char* note : {"partialErrors", "nextPageToken"})  // FLT-88
      if (auto good = whole(question, at(*body, {note})); !good)
        return tl::unexpected(good.error());
    const json& series = at(*body, {"timeSeriesData"});
    if (series.is_null()) return no_values();
    if (!series.is_array()) return unexpected_shape("a list of series");
    if (series.size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (series.empty()) return no_values();
    const json& points = at(series.front(), {"pointData"});
    if (points.is_null()) return no_values();
    if (!points.is_array()) return unexpected_shape("a list of points");
    if (points.empty()) return no_values();
    const json& values = at(points.front(), {"values"});
    if (values.is_null()) return no_values();
    if (!values.is_array()) return unexpected_shape("a list of points with values");
    if (values.empty()) return no_values();
    const auto value = typed(values.front(), question.compat);
    if (!value) return unexpected_shape("a list of numbers");
    const auto time =
        rfc3339(std::string_view{text_at(points.front(), {"timeInterval", "endTime"})});
    if (!time && question.strict()) return unexpected_shape("a list of points with their times");
    return Measurement{.value = *value,
                       .series = static_cast<int>(series.size()),
                       .newest = time.value_or(Instant{}),
                       .window = {},
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    MetricQuestion test = question;
    test.query.clear();
    return request(test);
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {  // PRV-52
    if (response.status == 400) {
      const auto body = json_of(response);
      if (body && text_at(*body, {"error", "status"}) == "INVALID_ARGUMENT") return {};
    }
    return accepted(question, response);
  }

 private:
  Result<MetricQuestion> authorized(MetricQuestion question,
                                    const MetricDoors& doors) const override {
    if (auto project = secret_key(question, "project"); !project)
      return tl::unexpected(project.error());
    const auto key = secret_key(question, "serviceAccountKey");
    auto token = google_access_token(question, key.value_or(""), doors);
    if (!token) return tl::unexpected(token.error());
    question.secret[fetched_token] = *std::move(token);
    return question;
  }

  /// PRV-51: the reference reads every value as a double, and a whole number as 0, which would pass
  /// a maximum; `strict` mode reads it.
  static std::optional<double> typed(const json& value, Compat compat) {
    const json& number = at(value, {"doubleValue"});
    if (number.is_number()) return number.get<double>();
    if (number.is_string()) return number_in(number.get_ref<const std::string&>(), compat);
    if (!number.is_null()) return std::nullopt;
    if (compat == Compat::Flagger) return 0.0;
    const json& whole_number = at(value, {"int64Value"});
    if (whole_number.is_number_integer()) return whole_number.get<double>();
    if (whole_number.is_string()) return plain_number(whole_number.get_ref<const std::string&>());
    return std::nullopt;
  }
};

}  // namespace

const HttpProvider& stackdriver_provider() {
  static const Stackdriver provider;
  return provider;
}

}  // namespace volary::live
