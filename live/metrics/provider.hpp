#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports.hpp"
#include "live/http.hpp"
#include "live/kube_api.hpp"

/// What a metric server is asked and how its answer is read, one provider a file. Source:
/// metrics.md §6.
namespace volary::live {

/// One question, with everything that the request depends on.
struct MetricQuestion {
  std::string address;
  std::map<std::string, std::vector<std::string>> headers{};
  bool has_secret = false;                      ///< the template names a Secret
  std::map<std::string, std::string> secret{};  ///< its keys, decoded; never shown (INV-42)
  std::string region{};
  bool verify_peer = true;
  std::string query{};     ///< rendered
  std::string interval{};  ///< as written: "1m"; may be empty (Q-07)
  Instant now{};
  Compat compat = Compat::Strict;

  [[nodiscard]] bool strict() const { return compat == Compat::Strict; }
};

/// Whom a provider may talk to, and what of the process it may look at.
struct MetricDoors {
  Http& http;
  KubeApi& api;
  Entropy& entropy;
  /// Lets time pass between two tries.
  std::function<void(Duration)> wait;
  /// GET of a path of the API server, with the controller's own credentials (PRV-101). Where it is
  /// empty, external metrics need an `address`.
  std::function<KubeResult<std::string>(const std::string& path)> api_text{};
  /// An environment variable, "" for none, and a small file: ambient credentials of clouds.
  std::function<std::string(const std::string& name)> environment{};
  std::function<Result<std::string>(const std::string& path)> read_file{};
};

/// A kind of metric server. Providers hold no state: a client is built anew for each evaluation
/// (MT-18).
class MetricProvider {
 public:
  virtual ~MetricProvider() = default;
  /// The number, as the provider's rules choose it, with the series that answered, the time of its
  /// sample (Instant{} where unknown) and the window. Whether it may be believed is
  /// ClusterMetrics's to say.
  ///
  /// Errors: NoData; Unavailable, Timeout: nobody answered, or with an error; Invalid: anything
  /// else. No message holds a secret.
  [[nodiscard]] virtual Result<Measurement> query(const MetricQuestion& question,
                                                  const MetricDoors& doors) const = 0;
  /// MET-50.
  [[nodiscard]] virtual Result<void> online(const MetricQuestion& question,
                                            const MetricDoors& doors) const = 0;
};

/// One that is asked with one HTTP request, made and read by pure functions.
class HttpProvider : public MetricProvider {
 public:
  [[nodiscard]] Result<Measurement> query(const MetricQuestion& question,
                                          const MetricDoors& doors) const override;
  [[nodiscard]] Result<void> online(const MetricQuestion& question,
                                    const MetricDoors& doors) const override;

  [[nodiscard]] virtual Result<HttpRequest> request(const MetricQuestion& question) const = 0;
  [[nodiscard]] virtual Result<Measurement> read(const MetricQuestion& question,
                                                 const HttpResponse& response) const = 0;
  [[nodiscard]] virtual Result<HttpRequest> online_request(
      const MetricQuestion& question) const = 0;
  [[nodiscard]] virtual Result<void> read_online(const MetricQuestion& question,
                                                 const HttpResponse& response) const = 0;

 private:
  /// Adds to the secret what has to be fetched first, such as a short-lived token.
  [[nodiscard]] virtual Result<MetricQuestion> authorized(MetricQuestion question,
                                                          const MetricDoors& doors) const;
  [[nodiscard]] virtual int repetitions() const { return 0; }
  [[nodiscard]] Result<HttpResponse> exchange(const MetricQuestion& question,
                                              const HttpRequest& request,
                                              const MetricDoors& doors) const;
};

/// MT-10. An unknown type is taken for Prometheus, as the specification says.
[[nodiscard]] const MetricProvider& provider_named(std::string_view type);

// One file each.
[[nodiscard]] const HttpProvider& prometheus_provider();
[[nodiscard]] const HttpProvider& datadog_provider();
[[nodiscard]] const HttpProvider& cloudwatch_provider();
[[nodiscard]] const HttpProvider& newrelic_provider();
[[nodiscard]] const HttpProvider& graphite_provider();
[[nodiscard]] const HttpProvider& stackdriver_provider();
[[nodiscard]] const HttpProvider& influxdb_provider();
[[nodiscard]] const HttpProvider& dynatrace_provider();
[[nodiscard]] const MetricProvider& keptn_provider();
[[nodiscard]] const HttpProvider& splunk_provider();
[[nodiscard]] const HttpProvider& external_metrics_provider();

}  // namespace volary::live
