#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "live/kube_api.hpp"
#include "sim/cluster/kinds.hpp"
#include "sim/random.hpp"

namespace volary::sim::cluster {

enum class Verb { Get, List, Watch, Create, Update, UpdateStatus, Patch, Delete };
[[nodiscard]] std::string_view to_string(Verb verb);

/// Something that the server does to requests instead of answering them, or before.
struct ApiFault {
  std::optional<Verb> verb{};              ///< nothing: all
  std::string plural{};                    ///< empty: all
  Instant from{}, until = Instant::max();  ///< of the run
  int times = -1;                          ///< how many requests it meets; negative: all of them
  Duration delay{};                        ///< the answer takes this long
  std::optional<live::KubeError> refusal{};
};

/// One change of one object.
struct Change {
  enum class Kind { Added, Modified, Deleted } kind{};
  std::int64_t version = 0;
  live::ObjectPath path;
  std::shared_ptr<const nlohmann::json> before, after;  ///< nullptr: there was or is none
};

/// A Kubernetes API server in memory, for controllers that do not notice the difference
/// (invariants.md §6). One counter of versions over all objects; writes against an old one are
/// refused; specs and statuses are written apart; generations move with what is not metadata or
/// status; objects with finalizers wait for them; what an object owned goes with it; watches
/// continue from where they ended as long as the history reaches back.
///
/// It has no clock and no chance of its own: time comes from the run, UIDs and generated names from
/// a named stream. Requests are answered in the order they come, each at one point of time; what a
/// real server does a moment later (garbage collection, the end of a namespace) is done at once.
///
/// Left out: field management, field and label selectors, server-side apply, versions that differ
/// in more than their name, admission, rights.
class ApiServer final : public live::KubeApi {
 public:
  struct World {
    std::function<Instant()> now;
    /// Lets time pass for whoever asked: for watches that have nothing to tell yet, and for delays.
    /// Empty: a watch ends when it has told everything.
    std::function<void(Duration)> wait;
    std::uint64_t seed = 1;
  };
  explicit ApiServer(World world);

  [[nodiscard]] live::KubeResult<nlohmann::json> get(const live::ObjectPath& path) override;
  [[nodiscard]] live::KubeResult<Page> list(const live::Resource& resource, const std::string& ns,
                                            const std::string& page) override;
  [[nodiscard]] live::KubeResult<void> watch(
      const live::Resource& resource, const std::string& ns, const std::string& resource_version,
      const std::function<bool(const WatchEvent&, const nlohmann::json&)>& on_event) override;
  [[nodiscard]] live::KubeResult<nlohmann::json> create(const live::ObjectPath& path,
                                                        const nlohmann::json& object) override;
  [[nodiscard]] live::KubeResult<nlohmann::json> update(const live::ObjectPath& path,
                                                        const nlohmann::json& object) override;
  [[nodiscard]] live::KubeResult<nlohmann::json> update_status(
      const live::ObjectPath& path, const nlohmann::json& object) override;
  [[nodiscard]] live::KubeResult<nlohmann::json> patch(const live::ObjectPath& path,
                                                       const nlohmann::json& merge) override;
  [[nodiscard]] live::KubeResult<void> remove(const live::ObjectPath& path,
                                              const std::string& uid) override;

  // ── for the world around it ──
  /// Called after each change, in order. It may make requests of its own.
  void on_change(std::function<void(const Change&)> listener);
  /// Called before a request is answered: controllers that noticed something have acted by now.
  void before_request(std::function<void()> settle) { settle_ = std::move(settle); }
  void inject(ApiFault fault) { faults_.push_back(std::move(fault)); }
  /// Requests of the world itself, of controllers and people: no fault meets them, nobody acts
  /// before them, and they are not counted.
  template <class Requests>
  void undisturbed(Requests requests) {
    const bool before = std::exchange(undisturbed_, true);
    requests();
    undisturbed_ = before;
  }
  /// The object as it is stored; nullptr when there is none.
  [[nodiscard]] const nlohmann::json* find(const live::ObjectPath& path) const;
  /// How many requests there were, by verb and plural ("update virtualservices").
  [[nodiscard]] const std::map<std::string, std::uint64_t>& requests() const { return requests_; }

  /// Forgets the history up to a version; every version up to the newest when none is given.
  void compact(std::optional<std::int64_t> version = {});
  [[nodiscard]] std::int64_t version() const { return version_; }
  void set_page_items(std::size_t items) { page_items_ = items; }

 private:
  using Json = nlohmann::json;
  using Stored = std::shared_ptr<const Json>;
  /// group, plural, namespace, name: every version of a kind is one set of objects.
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  using Objects = std::map<Key, Stored>;

  /// One request on the way to its answer: the fault that meets it, then whether the kind is known.
  [[nodiscard]] live::KubeResult<const Kind*> open(Verb verb, const live::Resource& resource);
  [[nodiscard]] const Kind* find_kind(const live::Resource& resource) const;
  [[nodiscard]] live::KubeResult<Stored> current(const Kind& kind, const live::ObjectPath& path);
  /// INV-32, INV-33: what the writer believed.
  [[nodiscard]] live::KubeResult<void> precondition(const Kind& kind, const live::ObjectPath& path,
                                                    const Json& current, const Json& written) const;
  [[nodiscard]] live::KubeResult<void> acceptable(const Kind& kind, const live::ObjectPath& path,
                                                  const Json& object) const;
  /// Everything but the status of `written`, over what is there.
  [[nodiscard]] live::KubeResult<Json> replace(const Kind& kind, const live::ObjectPath& path,
                                               const Json& current, Json written);
  [[nodiscard]] Json store(const live::ObjectPath& path, Stored before, Json object);
  void erase(const live::ObjectPath& path, const Stored& before);
  void told(Change change);
  void settle();
  void collect_garbage();
  void end_namespace(const std::string& ns);
  [[nodiscard]] std::string new_uid();
  [[nodiscard]] bool reaches(std::int64_t version) const { return version >= compacted_; }
  [[nodiscard]] Objects objects_at(std::int64_t version) const;

  World world_;
  Stream uids_;
  std::vector<Kind> kinds_;
  Objects objects_;
  std::deque<Change> history_;
  std::int64_t version_ = 0, compacted_ = 0;
  std::size_t page_items_ = 500;
  std::vector<std::function<void(const Change&)>> listeners_;
  std::function<void()> settle_;
  bool undisturbed_ = false;
  std::vector<ApiFault> faults_;
  std::map<std::string, std::uint64_t> requests_;
};

}  // namespace volary::sim::cluster
