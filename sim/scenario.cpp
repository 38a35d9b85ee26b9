#include "sim/scenario.hpp"

#include <algorithm>

namespace volary::sim {

std::string_view to_string(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::SlowDependency: return "slow-dependency";
    case Fault::Kind::Errors: return "errors";
    case Fault::Kind::PodsLost: return "pods-lost";
    case Fault::Kind::MetricsDown: return "metrics-down";
    case Fault::Kind::MetricsSlow: return "metrics-slow";
    case Fault::Kind::ScrapeGap: return "scrape-gap";
    case Fault::Kind::HookDown: return "hook-down";
    case Fault::Kind::HookSlow: return "hook-slow";
    case Fault::Kind::GateClosed: return "gate-closed";
    case Fault::Kind::TrafficSurge: return "traffic-surge";
  }
  return "";
}

const Service* Scenario::find_service(std::string_view service) const {
  const auto found = std::ranges::find(services, service, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace volary::sim
