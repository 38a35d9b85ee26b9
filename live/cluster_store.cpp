#include "live/cluster_store.hpp"

#include <algorithm>

#include "live/canary_object.hpp"
#include "live/kube_objects.hpp"

namespace volary::live {

using nlohmann::json;

ClusterStore::ClusterStore(KubeApi& api, ObjectName name)
    : api_{api},
      path_{.resource = canaries, .ns = std::move(name.ns), .name = std::move(name.name)} {}

Result<Canary> ClusterStore::read() {
  auto object = api_.get(path_);
  if (!object) return tl::unexpected(error_of(object.error(), spoken("Canary", path_)));
  std::vector<Remark> remarks;
  auto canary = canary_of(*object, remarks);
  if (canary) {
    object_ = *std::move(object);
    canary_ = *canary;
  }
  return canary;
}

Result<Canary> ClusterStore::canary() const {
  if (!canary_) return fail(ErrorKind::NotFound, "{} was not read yet", spoken("Canary", path_));
  return *canary_;
}

Result<std::int64_t> ClusterStore::write_status(const CanaryStatus& status, std::int64_t version) {
  json wanted = object_;
  wanted["metadata"]["resourceVersion"] = std::to_string(version);
  put_status(wanted, status);
  auto stored = api_.update_status(path_, wanted);
  if (!stored)
    return tl::unexpected(error_of(stored.error(), "status of " + spoken("Canary", path_)));
  object_ = *std::move(stored);
  if (canary_) {
    canary_->status = status_of(object_);
    canary_->version = integer_at(object_, {"metadata", "resourceVersion"}).value_or(0);
  }
  if (auto whole = stored_whole(status); !whole) return tl::unexpected(whole.error());
  return integer_at(object_, {"metadata", "resourceVersion"}).value_or(0);
}

/// FLT-16: an older definition of the kind prunes fields in silence; a release must not go on with
/// a status that forgets.
Result<void> ClusterStore::stored_whole(const CanaryStatus& sent) const {
  json expected;
  put_status(expected, sent);
  for (const auto& [field, value] : expected["status"].items())
    if (!means_the_same(value, at(object_, {"status", field})))
      return tl::unexpected(Error{
          .kind = ErrorKind::Invalid,
          .message = "status of " + spoken("Canary", path_) + " was not stored: field " + field,
          .where = {},
          .hint = "the cluster's definition of Canary is older than this program"});
  return {};
}

Result<void> ClusterStore::set_finalizer(bool present) {
  auto object = api_.get(path_);
  if (!object) {
    if (!present && object.error().kind == KubeError::Kind::NotFound) return {};
    return tl::unexpected(error_of(object.error(), spoken("Canary", path_)));
  }
  json finalizers = json::array();
  for (const json& finalizer : list_at(*object, {"metadata", "finalizers"}))
    if (finalizer != canary_finalizer) finalizers.push_back(finalizer);
  if (present) finalizers.push_back(canary_finalizer);
  if (means_the_same(finalizers, at(*object, {"metadata", "finalizers"}))) return {};
  // The version is the precondition: somebody else's finalizer must not vanish (INV-32).
  const json patch{{"metadata",
                    {{"finalizers", std::move(finalizers)},
                     {"resourceVersion", text_at(*object, {"metadata", "resourceVersion"})}}}};
  auto stored = api_.patch(path_, patch);
  if (!stored) return tl::unexpected(error_of(stored.error(), spoken("Canary", path_)));
  return {};
}

}  // namespace volary::live
