#include "engine/affinity.hpp"

#include <algorithm>
#include <cctype>

namespace volary {
namespace {

bool routes_tcp(const Canary& canary) {
  const std::string& protocol = canary.spec.service.app_protocol;
  return std::ranges::equal(protocol, std::string_view{"tcp"}, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

}  // namespace

Result<void> move_cookies(const Canary& canary, std::string_view provider, Weight canary_weight,
                          CanaryStatus& status, Entropy& entropy, Compat compat) {
  const auto& affinity = canary.spec.analysis.session_affinity;
  if (!affinity) return {};
  const bool istio = provider == "istio";
  const bool v1beta1 = provider.starts_with("gatewayapi:v1beta1");
  if (!istio && !provider.starts_with("gatewayapi:")) return {};
  if (istio && routes_tcp(canary)) return {};

  if (canary_weight > Weight{0}) {
    if (!affinity->primary_cookie_name.empty() && !go_parse_duration(canary.spec.analysis.interval))
      return fail(ErrorKind::Invalid,
                  "analysis.interval '{}' is not a duration: the primary cookie's Max-Age needs it",
                  canary.spec.analysis.interval);
    if (status.session_affinity_cookie.empty())
      status.session_affinity_cookie = affinity->cookie_name + "=" + entropy.letters(10);
    // The reference draws one for an empty name, too (SA-13, RT-COMMON-53).
    const bool drawn = compat == Compat::Flagger || !affinity->primary_cookie_name.empty();
    if (drawn && !v1beta1 && status.primary_session_affinity_cookie.empty())
      status.primary_session_affinity_cookie =
          affinity->primary_cookie_name + "=" + entropy.letters(10);
  } else if (!status.session_affinity_cookie.empty()) {
    status.previous_session_affinity_cookie = status.session_affinity_cookie;
    status.session_affinity_cookie.clear();
  }
  return {};
}

bool reads_mirror_back(const Canary& canary, std::string_view provider) {
  return provider == "istio" && canary.spec.analysis.match.empty() &&
         !canary.spec.analysis.session_affinity && !routes_tcp(canary);
}

Routes kubernetes_routes(const CanaryStatus& status) {
  if (status.iterations > 0) return {.primary = 0_pct, .canary = 100_pct, .mirrored = false};
  return {};
}

}  // namespace volary
