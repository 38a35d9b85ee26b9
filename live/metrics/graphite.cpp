#include <algorithm>

#include "engine/query_template.hpp"
#include "live/base64.hpp"
#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// Graphite. Source: PRV-40 … PRV-42, MT-24.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Graphite final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto url = joined_url(question.address, "render");
    if (!url) return tl::unexpected(url.error());
    std::string text = collapse_space(question.query);
    while (text.starts_with(' ')) text.erase(0, 1);
    while (text.ends_with(' ')) text.pop_back();
    auto values = query_values(text);
    if (!values)
      return fail(ErrorKind::Invalid, "the query is no URL query string such as target=…&from=…");
    values->emplace_back("format", "json");
    std::stable_sort(values->begin(), values->end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    HttpRequest request{.url = *url + "?" + query_text(*values),
                        .headers = {},
                        .body = {},
                        .timeout = 5s,
                        .verify_peer = question.verify_peer,
                        .proxy = {}};
    if (!question.has_secret) return request;
    const auto user = secret_key(question, "username");
    if (!user) return tl::unexpected(user.error());
    const auto password = secret_key(question, "password");
    if (!password) return tl::unexpected(password.error());
    request.headers.emplace_back("Authorization", "Basic " + to_base64(*user + ":" + *password));
    return request;
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response, true); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_array()) return unexpected_shape("a list of series");
    if (body->size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    std::optional<double> last;
    Instant newest{};
    for (const json& series : *body) {
      const json& points = at(series, {"datapoints"});
      if (!points.is_array()) return unexpected_shape("a list of series with their datapoints");
      for (const json& point : points) {
        if (!point.is_array() || point.size() != 2)
          return unexpected_shape("a list of pairs of a value and a time");
        if (point[0].is_null()) continue;
        const auto value = point[0].is_string()
                               ? number_in(point[0].get_ref<const std::string&>(), question.compat)
                               : number_of(point[0]);
        const auto time = number_of(point[1]);
        if (!value || !time) return unexpected_shape("a list of pairs of a number and a time");
        last = value;  // PRV-41
        newest = from_unix_seconds(*time);
      }
    }
    if (!last) return no_values();
    return Measurement{.value = *last,
                       .series = static_cast<int>(body->size()),
                       .newest = newest,
                       .window = {},
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    MetricQuestion test = question;
    test.query = "target=test";
    return request(test);
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    const auto answer = read(question, response);
    if (!answer && answer.error().kind != ErrorKind::NoData) return tl::unexpected(answer.error());
    return {};
  }
};

}  // namespace

const HttpProvider& graphite_provider() {
  static const Graphite provider;
  return provider;
}

}  // namespace volary::live
