#include "sim/cluster/api_server.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "live/kube_objects.hpp"
#include "live/rfc3339.hpp"

namespace volary::sim::cluster {
namespace {

using namespace std::chrono_literals;
using live::KubeError;
using live::KubeResult;
using live::ObjectPath;
using live::Resource;
using live::text_at;
using nlohmann::json;

constexpr std::size_t history_max = 2000;
constexpr std::size_t body_max = std::size_t{3} << 20;
constexpr Duration bookmark_every = 1min, watch_length = 30min, watch_step = 1s;

tl::unexpected<KubeError> no(KubeError::Kind kind, std::string message,
                             std::vector<std::string> causes = {}) {
  return tl::unexpected(KubeError{
      .kind = kind, .message = std::move(message), .causes = std::move(causes), .retry_after = {}});
}

tl::unexpected<KubeError> stale(const Kind& kind, const ObjectPath& path) {
  return no(KubeError::Kind::Conflict,
            fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been modified; "
                        "please apply your changes to the latest version and try again",
                        kind.spoken(), path.name));
}

tl::unexpected<KubeError> not_found(const Kind& kind, const std::string& name) {
  return no(KubeError::Kind::NotFound, fmt::format("{} \"{}\" not found", kind.spoken(), name));
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string version_of(const json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}

/// What a generation counts: everything beside metadata and, where it is written apart, status.
json generation_content(const Kind& kind, const json& object) {
  json content = object;
  for (const char* member : {"metadata", "apiVersion", "kind"}) content.erase(member);
  if (kind.status) content.erase("status");
  return content;
}

/// Equal but for the version: the server stores nothing.
bool changes_nothing(const json& before, const json& after) {
  json left = before, right = after;
  left["metadata"].erase("resourceVersion");
  right["metadata"].erase("resourceVersion");
  return left == right;
}

/// Fields of the metadata that belong to the server.
void keep_server_fields(const json& from, json& to) {
  for (const char* field : {"uid", "creationTimestamp", "deletionTimestamp", "generation"}) {
    const json& value = live::at(from, {"metadata", field});
    if (value.is_null()) {
      to["metadata"].erase(field);
    } else {
      to["metadata"][field] = value;
    }
  }
}

bool waits_for_finalizers(const json& object) {
  return !live::list_at(object, {"metadata", "finalizers"}).empty();
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::Get: return "get";
    case Verb::List: return "list";
    case Verb::Watch: return "watch";
    case Verb::Create: return "create";
    case Verb::Update: return "update";
    case Verb::UpdateStatus: return "update status of";
    case Verb::Patch: return "patch";
    case Verb::Delete: return "delete";
  }
  return "";
}

ApiServer::ApiServer(World world)
    : world_{std::move(world)}, uids_{world_.seed, "cluster/uids"}, kinds_{known_kinds()} {
  const ObjectPath ns{{"", "v1", "namespaces"}, "", "default"};
  (void)store(ns, nullptr, {{"metadata", {{"name", "default"}}}});
}

const Kind* ApiServer::find_kind(const Resource& resource) const {
  const auto found = std::ranges::find_if(kinds_, [&](const Kind& kind) {
    return kind.group == resource.group && kind.plural == resource.plural;
  });
  return found == kinds_.end() ? nullptr : &*found;
}

void ApiServer::settle() {
  if (settle_ && !undisturbed_) undisturbed(settle_);
}

const json* ApiServer::find(const ObjectPath& path) const {
  const auto found = objects_.find({path.resource.group, path.resource.plural, path.ns, path.name});
  return found == objects_.end() ? nullptr : found->second.get();
}

KubeResult<const Kind*> ApiServer::open(Verb verb, const Resource& resource) {
  if (!undisturbed_) ++requests_[fmt::format("{} {}", to_string(verb), resource.plural)];
  for (std::size_t i = 0; i < faults_.size() && !undisturbed_; ++i) {
    const ApiFault& fault = faults_[i];
    const Instant now = world_.now();
    if (fault.times == 0 || (fault.verb && *fault.verb != verb) ||
        (!fault.plural.empty() && fault.plural != resource.plural) || now < fault.from ||
        now >= fault.until)
      continue;
    if (fault.times > 0) --faults_[i].times;
    const ApiFault met = fault;  // others may be injected while this one is waited for
    if (met.delay > Duration::zero() && world_.wait) world_.wait(met.delay);
    if (met.refusal) return tl::unexpected(*met.refusal);
  }
  settle();
  const Kind* kind = find_kind(resource);
  if (kind == nullptr)
    return no(KubeError::Kind::NotFound, "the server could not find the requested resource");
  return kind;
}

KubeResult<ApiServer::Stored> ApiServer::current(const Kind& kind, const ObjectPath& path) {
  const auto found = objects_.find({kind.group, kind.plural, path.ns, path.name});
  if (found == objects_.end()) return not_found(kind, path.name);
  return found->second;
}

KubeResult<json> ApiServer::get(const ObjectPath& path) {
  const auto kind = open(Verb::Get, path.resource);
  if (!kind) return tl::unexpected(kind.error());
  auto object = current(**kind, path);
  if (!object) return tl::unexpected(object.error());
  return **object;
}

ApiServer::Objects ApiServer::objects_at(std::int64_t version) const {
  Objects objects = objects_;
  for (auto change = history_.rbegin(); change != history_.rend() && change->version > version;
       ++change) {
    const Key key{change->path.resource.group, change->path.resource.plural, change->path.ns,
                  change->path.name};
    if (change->before) {
      objects[key] = change->before;
    } else {
      objects.erase(key);
    }
  }
  return objects;
}

/// A page's token: the version of the first one, and the last object of this one.
KubeResult<ApiServer::Page> ApiServer::list(const Resource& resource, const std::string& ns,
                                            const std::string& page) {
  const auto kind = open(Verb::List, resource);
  if (!kind) return tl::unexpected(kind.error());
  std::int64_t version = version_;
  Key after{(*kind)->group, (*kind)->plural, ns, ""};
  if (!page.empty()) {
    const auto colon = page.find(':'), slash = page.find('/');
    const auto said = number(std::string_view{page}.substr(0, colon));
    if (!said || slash == std::string::npos)
      return no(KubeError::Kind::Invalid, "continue key is not valid");
    if (!reaches(*said))  // API fact A3
      return no(KubeError::Kind::Gone, "The provided continue parameter is too old");
    version = *said;
    std::get<2>(after) = page.substr(colon + 1, slash - colon - 1);
    std::get<3>(after) = page.substr(slash + 1);
  }
  Objects then;
  const Objects* objects = &objects_;
  if (version != version_) {
    then = objects_at(version);
    objects = &then;
  }
  Page answer;
  answer.resource_version = std::to_string(version);
  Key last;
  for (auto entry = objects->upper_bound(after); entry != objects->end(); ++entry) {
    const auto& [group, plural, in, name] = entry->first;
    if (group != (*kind)->group || plural != (*kind)->plural || (!ns.empty() && in != ns)) break;
    if (answer.items.size() == page_items_) {
      answer.next = fmt::format("{}:{}/{}", version, std::get<2>(last), std::get<3>(last));
      break;
    }
    last = entry->first;
    answer.items.push_back(*entry->second);
  }
  return answer;
}

KubeResult<void> ApiServer::watch(
    const Resource& resource, const std::string& ns, const std::string& resource_version,
    const std::function<bool(const WatchEvent&, const json&)>& on_event) {
  const auto kind = open(Verb::Watch, resource);
  if (!kind) return tl::unexpected(kind.error());
  const std::string group = (*kind)->group, plural = (*kind)->plural;
  std::int64_t seen = number(resource_version).value_or(version_);
  if (!reaches(seen))  // API fact A2
    return no(KubeError::Kind::Gone,
              fmt::format("too old resource version: {} ({})", seen, compacted_));
  const Instant began = world_.now();
  Instant bookmark = began + bookmark_every;
  while (true) {
    if (!reaches(std::min(seen, version_)))
      return no(KubeError::Kind::Gone,
                fmt::format("too old resource version: {} ({})", seen, compacted_));
    // By version and not by place: whoever is told may write, and so lengthen the history.
    for (bool more = true; more;) {
      more = false;
      const auto next =
          std::ranges::upper_bound(history_, seen, std::less<>{}, &Change::version);  // A5
      if (next == history_.end()) break;
      const Change change = *next;
      seen = change.version;
      more = true;
      if (change.path.resource.group != group || change.path.resource.plural != plural ||
          (!ns.empty() && change.path.ns != ns))
        continue;
      json object = change.after ? *change.after : *change.before;
      if (!change.after) object["metadata"]["resourceVersion"] = std::to_string(change.version);
      const auto what = change.kind == Change::Kind::Added      ? WatchEvent::Kind::Added
                        : change.kind == Change::Kind::Modified ? WatchEvent::Kind::Modified
                                                                : WatchEvent::Kind::Deleted;
      if (!on_event({what, std::to_string(change.version)}, object)) return {};
    }
    const bool over = !world_.wait || world_.now() - began >= watch_length;
    if (over || world_.now() >= bookmark) {
      bookmark = world_.now() + bookmark_every;
      const std::string newest = std::to_string(std::max(seen, version_));
      const json object{{"metadata", {{"resourceVersion", newest}}}};
      if (!on_event({WatchEvent::Kind::Bookmark, newest}, object) || over) return {};
    }
    world_.wait(watch_step);
    settle();
  }
}

std::string ApiServer::new_uid() {
  const std::uint64_t high = uids_(), low = uids_();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xfff, 8 + (low >> 62), low >> 48 & 0xfff, low & 0xffffffffffff);
}

KubeResult<void> ApiServer::acceptable(const Kind& kind, const ObjectPath& path,
                                       const json& object) const {
  if (object.dump().size() > body_max)  // API fact A7
    return no(KubeError::Kind::Invalid, "the request is too large");
  if (kind.causes == nullptr) return {};
  std::vector<std::string> causes = kind.causes(object);
  if (causes.empty()) return {};
  return no(KubeError::Kind::Invalid, fmt::format("{} \"{}\" is invalid", kind.name, path.name),
            std::move(causes));
}

KubeResult<json> ApiServer::create(const ObjectPath& asked, const json& object) {
  const auto kind = open(Verb::Create, asked.resource);
  if (!kind) return tl::unexpected(kind.error());
  ObjectPath path = asked;
  json made = object;
  if (!made["metadata"].is_object()) made["metadata"] = json::object();
  if (path.name.empty()) {  // generateName
    constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
    path.name = text_at(made, {"metadata", "generateName"});
    for (int i = 0; i < 5; ++i) path.name += alphabet[uids_() % alphabet.size()];
  }
  if ((*kind)->namespaced &&
      !objects_.contains({std::string{}, std::string{"namespaces"}, std::string{}, path.ns}))
    return no(KubeError::Kind::NotFound, fmt::format("namespaces \"{}\" not found", path.ns));
  if (current(**kind, path))
    return no(KubeError::Kind::AlreadyExists,
              fmt::format("{} \"{}\" already exists", (*kind)->spoken(), path.name));
  made["apiVersion"] = asked.resource.group.empty()
                           ? asked.resource.version
                           : asked.resource.group + "/" + asked.resource.version;
  made["kind"] = (*kind)->name;
  if ((*kind)->status && (*kind)->custom) made.erase("status");
  if ((*kind)->complete != nullptr) (*kind)->complete(made);
  if (auto good = acceptable(**kind, path, made); !good) return tl::unexpected(good.error());
  json& metadata = made["metadata"];
  metadata["name"] = path.name;
  if ((*kind)->namespaced) metadata["namespace"] = path.ns;
  metadata["creationTimestamp"] = live::rfc3339(world_.now());
  metadata.erase("deletionTimestamp");
  metadata["uid"] = new_uid();
  if ((*kind)->counts_generations) metadata["generation"] = 1;
  const bool definition = (*kind)->plural == "customresourcedefinitions";
  json stored = store(path, nullptr, std::move(made));
  if (definition) {
    const Kind defined = kind_of_definition(stored);
    if (find_kind({defined.group, "", defined.plural}) == nullptr) kinds_.push_back(defined);
  }
  if (!live::list_at(stored, {"metadata", "ownerReferences"}).empty()) collect_garbage();
  return stored;
}

KubeResult<void> ApiServer::precondition(const Kind& kind, const ObjectPath& path,
                                         const json& current, const json& written) const {
  const std::string version = version_of(written);
  if (!version.empty() && version != version_of(current)) return stale(kind, path);  // A1
  const std::string uid = text_at(written, {"metadata", "uid"});
  if (!uid.empty() && uid != text_at(current, {"metadata", "uid"}))
    return no(KubeError::Kind::Conflict,
              fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                          uid, text_at(current, {"metadata", "uid"})));
  return {};
}

KubeResult<json> ApiServer::replace(const Kind& kind, const ObjectPath& path, const json& before,
                                    json written) {
  if (!written["metadata"].is_object()) written["metadata"] = json::object();
  keep_server_fields(before, written);
  written["metadata"]["name"] = path.name;
  if (kind.namespaced) written["metadata"]["namespace"] = path.ns;
  written["metadata"]["resourceVersion"] = version_of(before);
  written["apiVersion"] = before.at("apiVersion");
  written["kind"] = before.at("kind");
  if (kind.status) {
    if (const json& status = live::at(before, {"status"}); status.is_null()) {
      written.erase("status");
    } else {
      written["status"] = status;
    }
  }
  if (kind.complete != nullptr) kind.complete(written);
  if (auto good = acceptable(kind, path, written); !good) return tl::unexpected(good.error());
  if (changes_nothing(before, written)) return before;
  if (kind.counts_generations &&
      generation_content(kind, before) != generation_content(kind, written))
    written["metadata"]["generation"] =
        live::integer_at(before, {"metadata", "generation"}).value_or(0) + 1;
  const Stored stored = objects_.at({kind.group, kind.plural, path.ns, path.name});
  const bool is_released = live::at(written, {"metadata", "deletionTimestamp"}).is_string() &&
                           !waits_for_finalizers(written);
  json answer = store(path, stored, std::move(written));
  if (is_released) erase(path, objects_.at({kind.group, kind.plural, path.ns, path.name}));
  return answer;
}

KubeResult<json> ApiServer::update(const ObjectPath& path, const json& object) {
  const auto kind = open(Verb::Update, path.resource);
  if (!kind) return tl::unexpected(kind.error());
  const auto before = current(**kind, path);
  if (!before) return tl::unexpected(before.error());
  if ((*kind)->custom && version_of(object).empty())
    return no(KubeError::Kind::Invalid,
              fmt::format("{} \"{}\" is invalid", (*kind)->spoken(), path.name),
              {"metadata.resourceVersion: Invalid value: must be specified for an update"});
  if (auto meant = precondition(**kind, path, **before, object); !meant)
    return tl::unexpected(meant.error());
  return replace(**kind, path, **before, object);
}

KubeResult<json> ApiServer::patch(const ObjectPath& path, const json& merge) {
  const auto kind = open(Verb::Patch, path.resource);
  if (!kind) return tl::unexpected(kind.error());
  const auto before = current(**kind, path);
  if (!before) return tl::unexpected(before.error());
  if (auto meant = precondition(**kind, path, **before, merge); !meant)
    return tl::unexpected(meant.error());
  json merged = **before;
  merged.merge_patch(merge);
  return replace(**kind, path, **before, std::move(merged));
}

KubeResult<json> ApiServer::update_status(const ObjectPath& path, const json& object) {
  const auto kind = open(Verb::UpdateStatus, path.resource);
  if (!kind) return tl::unexpected(kind.error());
  const auto before = current(**kind, path);
  if (!before) return tl::unexpected(before.error());
  if (!(*kind)->status)
    return no(KubeError::Kind::NotFound, "the server could not find the requested resource");
  if (auto meant = precondition(**kind, path, **before, object); !meant)
    return tl::unexpected(meant.error());
  json after = **before;
  if (const json& status = live::at(object, {"status"}); status.is_null()) {
    after.erase("status");
  } else {
    after["status"] = status;
  }
  if (changes_nothing(**before, after)) return after;
  return store(path, *before, std::move(after));
}

KubeResult<void> ApiServer::remove(const ObjectPath& path, const std::string& uid) {
  const auto kind = open(Verb::Delete, path.resource);
  if (!kind) return tl::unexpected(kind.error());
  const auto before = current(**kind, path);
  if (!before) return tl::unexpected(before.error());
  const std::string now = text_at(**before, {"metadata", "uid"});
  if (!uid.empty() && uid != now)  // INV-33
    return no(KubeError::Kind::Conflict,
              fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                          uid, now));
  if (!waits_for_finalizers(**before)) {
    erase(path, *before);
    return {};
  }
  if (live::at(**before, {"metadata", "deletionTimestamp"}).is_string()) return {};
  json after = **before;
  after["metadata"]["deletionTimestamp"] = live::rfc3339(world_.now());
  if ((*kind)->counts_generations)
    after["metadata"]["generation"] =
        live::integer_at(after, {"metadata", "generation"}).value_or(0) + 1;
  (void)store(path, *before, std::move(after));
  return {};
}

json ApiServer::store(const ObjectPath& path, Stored before, json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  auto stored = std::make_shared<const json>(std::move(object));
  objects_[{path.resource.group, path.resource.plural, path.ns, path.name}] = stored;
  json answer = *stored;  // as it was stored, whatever listeners make of it
  told({.kind = before ? Change::Kind::Modified : Change::Kind::Added,
        .version = version_,
        .path = path,
        .before = std::move(before),
        .after = std::move(stored)});
  return answer;
}

void ApiServer::erase(const ObjectPath& path, const Stored& before) {
  const Stored object = before;
  objects_.erase({path.resource.group, path.resource.plural, path.ns, path.name});
  told({.kind = Change::Kind::Deleted,
        .version = ++version_,
        .path = path,
        .before = object,
        .after = nullptr});
  if (path.resource.plural == "namespaces" && path.resource.group.empty()) end_namespace(path.name);
  if (path.resource.plural == "customresourcedefinitions") {  // FLT-16
    const Kind defined = kind_of_definition(*object);
    std::erase_if(objects_, [&](const auto& entry) {
      return std::get<0>(entry.first) == defined.group &&
             std::get<1>(entry.first) == defined.plural;
    });
    std::erase_if(kinds_, [&](const Kind& kind) {
      return kind.group == defined.group && kind.plural == defined.plural;
    });
  }
  collect_garbage();
}

void ApiServer::told(Change change) {
  history_.push_back(change);
  while (history_.size() > history_max) {
    compacted_ = history_.front().version;
    history_.pop_front();
  }
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i](change);
}

void ApiServer::on_change(std::function<void(const Change&)> listener) {
  listeners_.push_back(std::move(listener));
}

/// What has owners, and none of them is there any more, goes.
void ApiServer::collect_garbage() {
  std::set<std::string> alive;
  for (const auto& [key, object] : objects_) alive.insert(text_at(*object, {"metadata", "uid"}));
  for (const auto& [key, object] : objects_) {
    const json& owners = live::list_at(*object, {"metadata", "ownerReferences"});
    if (owners.empty() || std::ranges::any_of(owners, [&](const json& owner) {
          return alive.contains(text_at(owner, {"uid"}));
        }))
      continue;
    const auto& [group, plural, ns, name] = key;
    const ObjectPath path{{group, "", plural}, ns, name};
    erase(path, object);  // and with it, in turn, what it owned
    return;
  }
}

void ApiServer::end_namespace(const std::string& ns) {
  while (true) {
    const auto inside = std::ranges::find_if(
        objects_, [&](const auto& entry) { return std::get<2>(entry.first) == ns; });
    if (inside == objects_.end()) return;
    const auto& [group, plural, in, name] = inside->first;
    const ObjectPath path{{group, "", plural}, in, name};
    const Stored object = inside->second;
    erase(path, object);
  }
}

void ApiServer::compact(std::optional<std::int64_t> version) {
  compacted_ = std::max(compacted_, version.value_or(version_));
  while (!history_.empty() && history_.front().version <= compacted_) history_.pop_front();
}

}  // namespace volary::sim::cluster
