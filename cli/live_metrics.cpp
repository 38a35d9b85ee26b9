#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/live_command.hpp"
#include "live/metrics/cluster_metrics.hpp"

/// The metric servers as `volary live` reaches them.
namespace volary::cli {
namespace {

constexpr std::streamsize largest_file = 1 << 20;  // INV-41

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

Result<std::string> small_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text(static_cast<std::size_t>(largest_file), '\0');
  if (!file.read(text.data(), largest_file) && !file.eof())
    return fail(ErrorKind::NotFound, "{}: cannot be read", path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

MetricsFactory live_metrics(live::KubeApi& api, live::Http& http, const Clock& clock,
                            Entropy& entropy, ApiText api_text, std::function<void(Duration)> wait,
                            const LiveFlags& flags) {
  const Compat compat = compat_named(flags.compat).value_or(Compat::Strict);
  const bool cross_refs = !flags.no_cross_namespace_refs;
  return [=, &api, &http, &clock, &entropy](const Canary& canary) {
    return std::make_unique<live::ClusterMetrics>(
        live::MetricDoors{.http = http,
                          .api = api,
                          .entropy = entropy,
                          .wait = wait,
                          .api_text = api_text,
                          .environment = from_environment,
                          .read_file = small_file},
        clock,
        live::ClusterMetrics::Settings{
            .compat = compat, .canary_ns = canary.name.ns, .cross_namespace_refs = cross_refs});
  };
}

}  // namespace volary::cli
