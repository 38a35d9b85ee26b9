#include "sim/cluster/proxy_rules.hpp"

#include <algorithm>

#include "live/kube_objects.hpp"
#include "sim/text_match.hpp"

namespace volary::sim::cluster {
namespace {

using nlohmann::json;

/// `name=value` of a Set-Cookie, and how long it lasts.
struct Cookie {
  std::string text;
  Duration age{};
};
Cookie cookie_of(const std::string& set_cookie) {
  Cookie cookie{.text = set_cookie.substr(0, set_cookie.find(';'))};
  constexpr std::string_view key = "Max-Age=";
  if (const auto place = set_cookie.find(key); place != std::string::npos) {
    const auto from = place + key.size();
    const json text = set_cookie.substr(from, set_cookie.find(';', from) - from);
    cookie.age = std::chrono::seconds{live::integer_at(text, {}).value_or(0)};
  }
  return cookie;
}

bool meets(const Condition& condition, const std::map<std::string, std::string>& headers) {
  return std::ranges::all_of(condition, [&](const auto& wanted) {
    const auto header = headers.find(wanted.first);
    return header != headers.end() && text_matches(wanted.second, header->second);
  });
}

bool takes(const ProxyRule& rule, const std::map<std::string, std::string>& headers) {
  return rule.any_of.empty() || std::ranges::any_of(rule.any_of, [&](const Condition& condition) {
           return meets(condition, headers);
         });
}

/// Is there a rule before this one that a request with the cookie meets, and that leaves no choice?
bool pins(const std::vector<ProxyRule>& rules, const ProxyRule& dividing, const std::string& cookie,
          bool to_canary) {
  const std::map<std::string, std::string> headers{{"cookie", cookie}};
  for (const ProxyRule& rule : rules) {
    if (&rule == &dividing) return false;
    if (takes(rule, headers))
      return to_canary ? rule.primary == 0 && rule.canary > 0
                       : rule.canary == 0 && rule.primary > 0;
  }
  return false;
}

int share_of_canary(const ProxyRule& rule) {
  const int sum = rule.primary + rule.canary;
  return sum <= 0 ? 0 : (200 * rule.canary + sum) / (2 * sum);
}

}  // namespace

RouteRule rule_for_traffic(const std::vector<ProxyRule>& rules, const Scenario& scenario,
                           CookieNumbers& cookies) {
  RouteRule made{.active = true, .apex = Role::Primary};
  const auto first_for = [&](const std::map<std::string, std::string>& headers) {
    const auto found =
        std::ranges::find_if(rules, [&](const ProxyRule& rule) { return takes(rule, headers); });
    return found == rules.end() ? nullptr : &*found;
  };
  const ProxyRule* dividing = first_for({});  // who comes without headers meets it
  if (dividing == nullptr || !dividing->divides) {
    // An A/B test: some are told apart, everybody else goes to the primary.
    const auto tested = std::ranges::find_if(rules, &ProxyRule::divides);
    if (tested == rules.end()) return made;
    dividing = &*tested;
    made.matched_only = true;
    // NGINX has a rule for the header and one for the cookie: both are the test.
    const auto is_tested = [&](const std::map<std::string, std::string>& headers) {
      const ProxyRule* met = first_for(headers);
      return met != nullptr && met->divides && share_of_canary(*met) == share_of_canary(*dividing);
    };
    for (const Traffic& traffic : scenario.traffic) {
      std::vector<bool> segments;
      for (const Segment& segment : traffic.segments)
        segments.push_back(is_tested(segment.headers));
      segments.push_back(false);
      made.matched.push_back(std::move(segments));
    }
  }
  const int canary = share_of_canary(*dividing);
  made.routes = {.primary = Weight{100 - canary},
                 .canary = Weight{canary},
                 .mirrored = std::ranges::any_of(rules, &ProxyRule::mirrors)};
  const Cookie to_canary = cookie_of(dividing->canary_cookie);
  if (to_canary.text.empty() || !pins(rules, *dividing, to_canary.text, true)) return made;
  made.canary_cookie =
      cookies.try_emplace(to_canary.text, static_cast<std::uint32_t>(cookies.size() + 1))
          .first->second;
  const Cookie to_primary = cookie_of(dividing->primary_cookie);
  made.primary_cookie = !to_primary.text.empty() && pins(rules, *dividing, to_primary.text, false);
  if (made.primary_cookie) made.primary_cookie_age = to_primary.age;
  return made;
}

}  // namespace volary::sim::cluster
