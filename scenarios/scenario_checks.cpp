#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "scenarios/scenario_schema.hpp"

namespace volary {
namespace {

using sim::Fault;
using sim::Scenario;
using sim::Service;

/// The place of spec.<list>[index].<key>, or of the nearest thing around it that was written.
const Mark& place(const Node& item, std::string_view key) {
  const Node* value = item.find(key);
  return value ? value->at : item.at;
}

class Checks {
 public:
  Checks(const Scenario& scenario, const Node& spec, Reader& reader)
      : scenario_{scenario}, spec_{spec}, reader_{reader} {
    for (const Service& service : scenario.services) services_.push_back(service.name);
    for (const sim::Traffic& traffic : scenario.traffic) traffics_.push_back(traffic.name);
  }

  void all() {
    if (services_.empty()) {
      const Reader::Within here{reader_, "services"};
      reader_.refuse(place(spec_, "services"), "needs at least one service");
      return;
    }
    traffic();
    if (calls()) circles();
    releases();
    faults();
  }

 private:
  /// False, and refused with the nearest known name, when there is no such thing.
  bool exists(const Node& item, std::string_view key, const std::string& name,
              std::string_view what, const std::vector<std::string>& known) {
    if (std::ranges::find(known, name) != known.end()) return true;
    const Reader::Within here{reader_, key};
    const std::string meant = nearest(name, known);
    reader_.refuse(place(item, key), fmt::format("there is no {} '{}'", what, printable(name)),
                   !meant.empty() ? fmt::format("did you mean '{}'?", meant)
                                  : fmt::format("there is {}", fmt::join(known, ", ")));
    return false;
  }

  void within_run(const Node& item, Duration at) {
    if (at < scenario_.duration) return;
    const Reader::Within here{reader_, "at"};
    reader_.refuse(place(item, "at"),
                   fmt::format("{} is not before the end of the run at {}", go_duration(at),
                               go_duration(scenario_.duration)),
                   "set spec.duration to a longer time");
  }

  void traffic() {
    const Reader::Within list{reader_, "traffic"};
    constexpr std::int64_t most_users = 1'000'000'000;  // they are counted in 32 bits
    std::int64_t users = 0;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < scenario_.traffic.size(); ++i) {
      const Reader::Within here{reader_, i};
      const sim::Traffic& one = scenario_.traffic[i];
      const Node& item = spec_.find("traffic")->items[i];
      exists(item, "to", one.to, "service", services_);
      if (users <= most_users && (users += one.users) > most_users)
        reader_.refuse(place(item, "users"),
                       fmt::format("the populations add up to more than {} users", most_users));
      if (!seen.insert(one.name).second)
        reader_.refuse(place(item, "name"),
                       fmt::format("the name '{}' stands here twice", one.name));
      double shares = 0;
      std::set<std::string> segments;
      for (const sim::Segment& segment : one.segments) {
        shares += segment.share;
        if (!segments.insert(segment.name).second)
          reader_.refuse(place(item, "users"),
                         fmt::format("the segment '{}' stands here twice", segment.name));
      }
      if (shares > 1 + 1e-9)
        reader_.refuse(place(item, "users"),
                       fmt::format("the shares of the segments add up to {:.6g}%, more than 100%",
                                   shares * 100));
    }
  }

  bool calls() {
    bool good = true;
    const Reader::Within map{reader_, "services"};
    for (const Service& service : scenario_.services) {
      const Reader::Within here{reader_, service.name};
      const Node* list = spec_.find({"services", service.name, "calls"});
      const Reader::Within all{reader_, "calls"};
      for (std::size_t i = 0; i < service.calls.size(); ++i) {
        const Reader::Within one{reader_, i};
        good = exists(list->items[i], "service", service.calls[i].service, "service", services_) &&
               good;
      }
    }
    return good;
  }

  /// Calls that come back to their caller never end; calls that fan out at every level may as well
  /// not.
  void circles() {
    const Reader::Within map{reader_, "services"};
    for (const Service& service : scenario_.services)
      if (std::vector<std::string> way; !walk(service.name, way)) return;
  }

  bool walk(const std::string& name, std::vector<std::string>& way) {
    if (hops_.contains(name)) return true;
    const Node& item = *spec_.find({"services", name});
    if (const auto first = std::ranges::find(way, name); first != way.end()) {
      const Reader::Within here{reader_, name};
      const Reader::Within calls{reader_, "calls"};
      reader_.refuse(
          place(item, "calls"),
          fmt::format("calls go in a circle: {} → {}",
                      fmt::join(std::vector<std::string>(first, way.end()), " → "), name));
      return false;
    }
    // The way is walked by name: a chain of a thousand services is more than anybody draws.
    constexpr std::size_t longest_chain = 1000;
    constexpr int most_hops = 10'000;
    way.push_back(name);
    double hops = 1;
    for (const sim::Call& call : scenario_.find_service(name)->calls) {
      if (way.size() >= longest_chain) {
        reader_.refuse(place(item, "calls"),
                       fmt::format("a chain of calls longer than {}", longest_chain));
        return false;
      }
      if (!walk(call.service, way)) return false;
      hops += hops_.at(call.service);
    }
    way.pop_back();
    if (hops > most_hops) {
      reader_.refuse(place(item, "calls"),
                     fmt::format("one request to {} makes more than {} calls", name, most_hops));
      return false;
    }
    hops_[name] = hops;
    return true;
  }

  void releases() {
    const Reader::Within list{reader_, "releases"};
    std::map<std::string, const sim::Release*> before;
    std::set<std::pair<std::string, std::string>> versions;
    for (std::size_t i = 0; i < scenario_.releases.size(); ++i) {
      const Reader::Within here{reader_, i};
      const sim::Release& release = scenario_.releases[i];
      const Node& item = spec_.find("releases")->items[i];
      if (!exists(item, "service", release.service, "service", services_)) continue;
      within_run(item, release.at);
      const sim::Release*& last = before[release.service];
      if (last && release.at <= last->at)
        reader_.refuse(place(item, "at"),
                       fmt::format("{} {} comes after {}, but not later", release.service,
                                   release.version, last->version));
      last = &release;
      if (release.version == "v1" || !versions.emplace(release.service, release.version).second)
        reader_.refuse(place(item, "version"),
                       fmt::format("{} has a version {} already", release.service, release.version),
                       release.version == "v1" ? "what runs at the start is v1" : "");
      const double share = scenario_.find_service(release.service)->errors + release.changes.errors;
      if (share < -1e-12 || share > 1 + 1e-12)
        reader_.refuse(place(item, "changes"),
                       fmt::format("changes the share of errors to {:.6g}%", share * 100),
                       "the service's errors and the change together stay within 0% and 100%");
    }
  }

  struct Needs {
    enum class Target { Nothing, Service, Hook, Traffic } target = Target::Nothing;
    std::string_view key{};  ///< what says how bad it is
  };
  static Needs needs(Fault::Kind kind) {
    using Target = Needs::Target;
    switch (kind) {
      case Fault::Kind::SlowDependency: return {Target::Service, "latency"};
      case Fault::Kind::Errors: return {Target::Service, "errors"};
      case Fault::Kind::PodsLost: return {Target::Service, "count"};
      case Fault::Kind::MetricsDown: return {};
      case Fault::Kind::MetricsSlow: return {Target::Nothing, "delay"};
      case Fault::Kind::ScrapeGap: return {};
      case Fault::Kind::HookDown: return {Target::Hook};
      case Fault::Kind::HookSlow: return {Target::Hook, "delay"};
      case Fault::Kind::GateClosed: return {Target::Hook};
      case Fault::Kind::TrafficSurge: return {Target::Traffic, "factor"};
    }
    return {};
  }

  void faults() {
    const Reader::Within list{reader_, "faults"};
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const Reader::Within here{reader_, i};
      const Fault& fault = scenario_.faults[i];
      const Node& item = spec_.find("faults")->items[i];
      const std::string_view kind = to_string(fault.kind);
      const Needs need = needs(fault.kind);
      within_run(item, fault.at);
      if (need.target != Needs::Target::Nothing && fault.target.empty()) {
        reader_.refuse(item.at, fmt::format("{} needs a target", kind));
      } else if (need.target == Needs::Target::Service) {
        exists(item, "target", fault.target, "service", services_);
      } else if (need.target == Needs::Target::Traffic) {
        exists(item, "target", fault.target, "traffic", traffics_);
      } else if (need.target == Needs::Target::Nothing && !fault.target.empty()) {
        reader_.refuse(place(item, "target"), fmt::format("{} has no target", kind));
      }
      for (const std::string_view key :
           std::array<std::string_view, 5>{"latency", "errors", "factor", "count", "delay"}) {
        const bool written = item.find(key) != nullptr;
        if (key == need.key && !written)
          reader_.refuse(item.at, fmt::format("{} needs '{}'", kind, key));
        if (key != need.key && written)
          reader_.refuse(place(item, key), fmt::format("'{}' means nothing to {}", key, kind),
                         need.key.empty() ? "" : fmt::format("{} has '{}'", kind, need.key));
      }
      const bool at_once = fault.kind == Fault::Kind::PodsLost;
      if (!at_once && fault.duration <= Duration::zero())
        reader_.refuse(place(item, "for"), fmt::format("{} needs 'for', how long it lasts", kind));
      if (at_once && fault.duration > Duration::zero())
        reader_.refuse(place(item, "for"), "pods are lost at once; the Deployment makes new ones");
    }
  }

  const Scenario& scenario_;
  const Node& spec_;
  Reader& reader_;
  std::vector<std::string> services_, traffics_;
  std::map<std::string, double> hops_;  ///< of one request, with everything it calls
};

}  // namespace

void check_scenario(const Scenario& scenario, const Node& spec, Reader& reader) {
  Checks{scenario, spec, reader}.all();
}

}  // namespace volary
