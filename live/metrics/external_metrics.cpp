#include <algorithm>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/metrics/parts.hpp"
#include "live/metrics/quantity.hpp"
#include "live/rfc3339.hpp"

/// Kubernetes external metrics. Source: PRV-100 … PRV-103, MT-30.
namespace volary::live {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// PRV-100, PRV-101: the path and query of the request.
Result<std::string> path_of(std::string_view query) {
  const auto mark = std::min(query.find('?'), query.size());
  std::string_view metric = query.substr(0, mark);
  const std::string_view rest = query.substr(mark);
  std::string_view ns = "default";
  if (const auto slash = metric.find('/'); slash != std::string_view::npos) {
    ns = metric.substr(0, slash);
    metric.remove_prefix(slash + 1);
  }
  if (metric.empty() || ns.empty() || metric.find('/') != std::string_view::npos)
    return fail(ErrorKind::Invalid,
                "the query is not of the form namespace/metric?labelSelector=…");
  std::string path = fmt::format("/apis/external.metrics.k8s.io/v1beta1/namespaces/{}/{}",
                                 path_encoded(ns), path_encoded(metric));
  if (rest.size() <= 1) return path;
  const auto values = query_values(rest.substr(1));
  if (!values || values->size() != 1 || values->front().first != "labelSelector")
    return fail(ErrorKind::Invalid,
                "the query has something else than one labelSelector, URL-encoded");
  return path + "?" + query_text(*values);
}

class ExternalMetrics final : public HttpProvider {
 public:
  Result<Measurement> query(const MetricQuestion& question,
                            const MetricDoors& doors) const override {
    if (!question.address.empty()) return HttpProvider::query(question, doors);
    const auto path = path_of(question.query);
    if (!path) return tl::unexpected(path.error());
    const auto text = in_cluster(question, *path, doors);
    if (!text) return tl::unexpected(text.error());
    return read(question, {.status = 200, .headers = {}, .body = *text, .retry_after = {}});
  }
  Result<void> online(const MetricQuestion& question, const MetricDoors& doors) const override {
    if (!question.address.empty()) return HttpProvider::online(question, doors);
    const auto text = in_cluster(question, test_path, doors);
    if (!text) return tl::unexpected(text.error());
    return {};
  }

  Result<HttpRequest> request(const MetricQuestion& question) const override {
    const auto path = path_of(question.query);
    if (!path) return tl::unexpected(path.error());
    return get(question, *path);
  }

  Result<Measurement> read(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    if (auto good = accepted(question, response); !good) return tl::unexpected(good.error());
    const auto body = json_of(response);
    if (!body) return tl::unexpected(body.error());
    if (!body->is_object()) return unexpected_shape("a JSON object");
    if (auto good = whole(question, at(*body, {"metadata", "continue"})); !good)
      return tl::unexpected(good.error());
    const json& items = at(*body, {"items"});
    if (items.is_null()) return no_values();
    if (!items.is_array()) return unexpected_shape("a list of metric values");
    if (items.size() > most_series)
      return fail(ErrorKind::Invalid, "the query answers more than {} series", most_series);
    if (items.empty()) return no_values();
    const json& written = at(items.front(), {"value"});
    const auto value =
        written.is_string() ? quantity(written.get_ref<const std::string&>()) : number_of(written);
    if (!value) return unexpected_shape("a list of quantities");
    const std::string timestamp = text_at(items.front(), {"timestamp"});
    const auto time = rfc3339(std::string_view{timestamp});
    if (!time && !timestamp.empty() && question.strict())
      return unexpected_shape("a list of values with their times");
    return Measurement{.value = *value,
                       .series = static_cast<int>(items.size()),
                       .newest = time.value_or(Instant{}),
                       .window = {},
                       .samples = std::nullopt};
  }

  Result<HttpRequest> online_request(const MetricQuestion& question) const override {
    return get(question, test_path);
  }
  Result<void> read_online(const MetricQuestion& question,
                           const HttpResponse& response) const override {
    return accepted(question, response);
  }

 private:
  static constexpr const char* test_path =  // PRV-103
      "/apis/external.metrics.k8s.io/v1beta1/namespaces/kube-system/dummy-metric";

  /// Another server than the one we live in gets no credentials but those of the Secret: our own
  /// are for our own API server (INV-42).
  static Result<HttpRequest> get(const MetricQuestion& question, const std::string& path) {
    const auto base = base_url(question.address, {});
    if (!base) return tl::unexpected(base.error());
    HttpRequest request{.url = *base + path,
                        .headers = {{"Accept", "application/json"}},
                        .body = {},
                        .timeout = 5s,
                        .verify_peer = question.verify_peer,
                        .proxy = {}};
    if (const auto token = secret_key(question, "token"))
      request.headers.emplace_back("Authorization", "Bearer " + *token);
    return request;
  }

  static Result<std::string> in_cluster(const MetricQuestion& question, const std::string& path,
                                        const MetricDoors& doors) {
    if (secret_key(question, "token"))
      return fail(ErrorKind::Invalid, "a Secret with a token needs an address to send it to");
    if (!doors.api_text) return fail(ErrorKind::Invalid, "external metrics need an address here");
    auto text = doors.api_text(path);
    if (!text) return tl::unexpected(error_of(text.error(), "external metrics"));
    return *std::move(text);
  }
};

}  // namespace

const HttpProvider& external_metrics_provider() {
  static const ExternalMetrics provider;
  return provider;
}

}  // namespace volary::live
