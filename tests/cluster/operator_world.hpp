#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/operator/entropy.hpp"
#include "live/operator/release.hpp"
#include "live/operator/system_clock.hpp"
#include "tests/cluster/pod_driver.hpp"
#include "tests/cluster/worlds.hpp"

/// Releases against a real API server: our definitions and Istio's, a target, a Canary, and checks
/// that answer as the test says.
namespace volary::test {

inline const live::Resource services{"", "v1", "services"};
inline const live::Resource virtual_services{"networking.istio.io", "v1beta1", "virtualservices"};

/// Every query is answered with one value.
class SteadyMetrics : public MetricSource {
 public:
  explicit SteadyMetrics(const std::atomic<double>& value) : value_{value} {}
  Result<Measurement> query(const MetricQuery&) override {
    return Measurement{.value = value_, .samples = 1000};
  }
  Result<void> online(const MetricQuery&) override { return {}; }
  Result<MetricTemplate> find_template(const ObjectName& name) override {
    return fail(ErrorKind::NotFound, "there is no template {}", name.name);
  }

 private:
  const std::atomic<double>& value_;
};

class NoHttp : public live::Http {
 public:
  Result<live::HttpResponse> send(const live::HttpRequest&) override {
    return fail(ErrorKind::Unavailable, "nobody is there");
  }
};

class NoPost : public live::Postbox {
 public:
  void post(live::Message) override {}
};

/// Installs Flagger's kinds as live/manifests has them, and Istio's VirtualService; once.
void install_kinds(live::KubeClient& client);

/// Deployment `web` of this image, and a Canary of it with Istio and one check of the success rate,
/// in 20 % steps to 40 %.
void put_web(live::KubeClient& client, const std::string& ns, const nlohmann::json& analysis = {});
void set_image(live::KubeClient& client, const std::string& ns, const std::string& image);

/// What is bound to one `api`, for as many releases as a test wants.
struct ReleaseBench {
  explicit ReleaseBench(live::KubeApi& api);

  /// Passes over the Canary until `over` says yes; the phases and weights that were seen, each
  /// change once: "Progressing 80/20".
  std::vector<std::string> ticks(live::Release& release,
                                 const std::function<bool(const TickRecord&)>& over);

  std::atomic<double> success_rate = 100;
  live::SystemClock clock;
  live::SystemEntropy entropy;
  live::Gauges gauges;
  live::Log log;
  NoHttp http;
  NoPost postbox;
  live::EventSink events;
  live::AlertSender alerts;
  live::ReleaseSettings settings;
  live::ReleaseWorld world;
};

[[nodiscard]] inline auto phase_is(Phase phase) {
  return [phase](const TickRecord& tick) { return tick.status.phase == phase; };
}

}  // namespace volary::test
