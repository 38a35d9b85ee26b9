#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"

/// New Relic Insights. Source: PRV-30 … PRV-32, MT-23.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class NewRelic final : public HttpProvider {
 public:
  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto base = base_url(question.address, "https://insights-api.newrelic.com");
    if (!base) return tl::unexpected(base.error());
    const auto account = secret_key(question, "newrelic_account_id");
    if (!account) return tl::unexpected(account.error());
    const auto key = secret_key(question, "newrelic_query_key");
    if (!key) return tl::unexpected(key.error());
    const auto range = range_of(question, 1);
    if (!range) return tl::unexpected(range.error());
    const auto since = std::chrono::floor<std::chrono::seconds>(*range).count();
    return HttpRequest{
        .url = fmt::format(
            "{}/v1/accounts/{}/query?{}", *base, path_encoded(*account),
            query_text({{"nrql", fmt::format("{} SINCE {} seconds ago", question.query, since)}})),
        .headers = {{"X-Query-Key", *key}},
        .body = {},
        .timeout = 5s,
        .proxy = {}};
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    const json& results = at(*body, {"results"});
    if (results.is_null()) return no_values();
    if (!results.is_array()) return unexpected_shape("a list of results");
    if (results.size() != 1) return no_values();  // PRV-31: exactly one
    const json& result = at(results.front(), {"result"});
    if (result.is_null()) return no_values();
    const auto value = number_of(result);
    if (!value) return unexpected_shape("a result that is a number");
    return Measurement{.value = *value,
                       .series = 1,
                       .newest = {},
                       .window = range_of(question, 1).value_or(Duration{}),
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    MetricQuestion test = question;
    test.query = "SELECT * FROM Metric";
    if (!range_of(test, 1)) test.interval = "1m";  // the test is not about the metric's interval
    return request(test);
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }
};

}  // namespace

const HttpProvider& newrelic_provider() {
  static const NewRelic provider;
  return provider;
}

}  // namespace volary::live
