#include "scheduler/apiserver/garbage.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fairlead::apiserver {
namespace {

constexpr int kTasksPerTurn = 100;
constexpr std::string_view kOrphanFinalizer = "orphan";
constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";

std::string_view Text(const json::value& value) {
  const json::string* text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

bool HasFinalizer(const json::object& object, std::string_view name) {
  const json::array* finalizers = FindArray(object, {"metadata", "finalizers"});
  return finalizers != nullptr &&
         std::any_of(finalizers->begin(), finalizers->end(),
                     [&](const json::value& entry) { return Text(entry) == name; });
}

bool Deleting(const json::object& object) {
  return Find(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool WaitsForCollector(const json::object& object) {
  return Deleting(object) &&
         (HasFinalizer(object, kOrphanFinalizer) || HasFinalizer(object, kForegroundFinalizer));
}

bool HasOwners(const json::object& object) {
  return Find(object, {"metadata", "ownerReferences"}) != nullptr;
}

bool Concerns(const Change& change) {
  const json::object& now = change.now->object;
  if (change.type == ChangeType::kDeleted) return change.storage != "events";
  if (change.type == ChangeType::kAdded) return HasOwners(now) || WaitsForCollector(now);
  const json::object& before = change.before->object;
  if (WaitsForCollector(now) && !WaitsForCollector(before)) return true;
  if (!HasOwners(now) && !HasOwners(before)) return false;
  return OwnersOf(now) != OwnersOf(before);
}

// What a reference of `dependent` points to.
enum class OwnerState : std::uint8_t { kThere, kWaiting, kGone };

OwnerState StateOf(const Api& api, const Store& store, const json::object& owner,
                   const std::string& ns) {
  const std::string_view api_version = GetString(owner, {"apiVersion"});
  const std::size_t slash = api_version.find('/');
  const bool core = slash == std::string_view::npos;
  const Resource* resource = api.resources().FindKind(
      core ? std::string_view() : api_version.substr(0, slash),
      core ? api_version : api_version.substr(slash + 1), GetString(owner, {"kind"}));
  if (resource == nullptr) return OwnerState::kThere;
  const VersionPtr found = store.Get(resource->storage, resource->namespaced ? ns : std::string(),
                                     GetString(owner, {"name"}));
  if (found == nullptr ||
      GetString(found->object, {"metadata", "uid"}) != GetString(owner, {"uid"})) {
    return OwnerState::kGone;
  }
  const bool waits = Deleting(found->object) && HasFinalizer(found->object, kForegroundFinalizer);
  return waits ? OwnerState::kWaiting : OwnerState::kThere;
}

OwnedObject RefOf(const Change& change) {
  const json::object& object = change.now->object;
  return {change.storage,
          {std::string(GetString(object, {"metadata", "namespace"})),
           std::string(GetString(object, {"metadata", "name"}))},
          std::string(GetString(object, {"metadata", "uid"}))};
}

}  // namespace

std::vector<OwnerLink> OwnersOf(const json::object& object) {
  std::vector<OwnerLink> links;
  const json::array* owners = FindArray(object, {"metadata", "ownerReferences"});
  if (owners == nullptr) return links;
  for (const json::value& entry : *owners) {
    const json::object* owner = entry.if_object();
    if (owner == nullptr) continue;
    links.push_back(
        {std::string(GetString(*owner, {"uid"})), GetBool(*owner, {"blockOwnerDeletion"}, false)});
  }
  return links;
}

void OwnerIndex::Upsert(const OwnedObject& object, std::vector<OwnerLink> owners) {
  Remove(object.uid);
  if (owners.empty()) return;
  for (const OwnerLink& link : owners) {
    Owned& owned = by_owner_[link.uid];
    const bool first = owned.dependents.emplace(object.uid, object).second;
    if (first && link.blocking) ++owned.blocking;
  }
  owners_.emplace(object.uid, std::move(owners));
}

void OwnerIndex::Remove(const std::string& uid) {
  const auto found = owners_.find(uid);
  if (found == owners_.end()) return;
  for (const OwnerLink& link : found->second) {
    const auto owned = by_owner_.find(link.uid);
    if (owned == by_owner_.end() || owned->second.dependents.erase(uid) == 0) continue;
    if (link.blocking) --owned->second.blocking;
    if (owned->second.dependents.empty()) by_owner_.erase(owned);
  }
  owners_.erase(found);
}

std::vector<OwnedObject> OwnerIndex::Dependents(const std::string& owner) const {
  std::vector<OwnedObject> all;
  const auto owned = by_owner_.find(owner);
  if (owned == by_owner_.end()) return all;
  for (const auto& [uid, object] : owned->second.dependents) all.push_back(object);
  return all;
}

std::size_t OwnerIndex::blocking(const std::string& owner) const {
  const auto owned = by_owner_.find(owner);
  return owned == by_owner_.end() ? 0 : owned->second.blocking;
}

GarbageCollector::GarbageCollector(Api* api, LoopWork* work)
    : api_(api),
      work_(work),
      inbox_(
          work, &api->store(), Concerns, [this](const Change& change) { OnChange(change); },
          nullptr) {
  std::set<std::string> storages;
  for (const Resource* resource : api->resources().all()) storages.insert(resource->storage);
  for (const std::string& storage : storages) inbox_.Replay(storage);
}

void GarbageCollector::OnChange(const Change& change) {
  const json::object& now = change.now->object;
  const OwnedObject object = RefOf(change);
  if (change.type == ChangeType::kDeleted) {
    OnGone(object, now);
    return;
  }
  index_.Upsert(object, OwnersOf(now));
  if (HasOwners(now)) Queue(Step::kCheck, object);
  if (!WaitsForCollector(now)) return;
  if (HasFinalizer(now, kOrphanFinalizer)) {
    Queue(Step::kOrphan, object);
  } else if (waiting_.emplace(object.uid, object).second) {
    for (const OwnedObject& dependent : index_.Dependents(object.uid)) {
      Queue(Step::kCheck, dependent);
    }
    Queue(Step::kForeground, object);
  }
}

void GarbageCollector::OnGone(const OwnedObject& object, const json::object& last) {
  waiting_.erase(object.uid);
  index_.Remove(object.uid);
  for (const OwnedObject& dependent : index_.Dependents(object.uid)) {
    Queue(Step::kCheck, dependent);
  }
  for (const OwnerLink& link : OwnersOf(last)) {
    const auto owner = waiting_.find(link.uid);
    if (owner != waiting_.end() && index_.blocking(link.uid) == 0) {
      Queue(Step::kForeground, owner->second);
    }
  }
}

void GarbageCollector::Queue(Step step, const OwnedObject& object) {
  tasks_.push_back({step, object});
  if (std::exchange(posted_, true)) return;
  work_->Post([this] { RunSome(); });
}

void GarbageCollector::RunSome() {
  for (int i = 0; i < kTasksPerTurn && !tasks_.empty(); ++i) {
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    switch (task.step) {
      case Step::kCheck:
        Check(task.object);
        break;
      case Step::kOrphan:
        Orphan(task.object);
        break;
      case Step::kForeground:
        FinishForeground(task.object);
        break;
    }
  }
  posted_ = !tasks_.empty();
  if (posted_) work_->Post([this] { RunSome(); });
}

VersionPtr GarbageCollector::Current(const OwnedObject& object) const {
  VersionPtr found = api_->store().Get(object.storage, object.key.ns, object.key.name);
  if (found == nullptr || GetString(found->object, {"metadata", "uid"}) != object.uid) {
    return nullptr;
  }
  return found;
}

// Deletes the object if none of its owners is left, else drops references to those that are not.
void GarbageCollector::Check(const OwnedObject& object) {
  const VersionPtr current = Current(object);
  const Resource* resource = api_->resources().Stored(object.storage);
  if (current == nullptr || resource == nullptr || Deleting(current->object)) return;
  const json::array* owners = FindArray(current->object, {"metadata", "ownerReferences"});
  if (owners == nullptr || owners->empty()) return;
  std::vector<std::string> unwanted;
  bool waiting = false;
  bool there = false;
  for (const json::value& entry : *owners) {
    const json::object* owner = entry.if_object();
    if (owner == nullptr) continue;
    const OwnerState state = StateOf(*api_, api_->store(), *owner, object.key.ns);
    there = there || state == OwnerState::kThere;
    waiting = waiting || state == OwnerState::kWaiting;
    if (state != OwnerState::kThere) unwanted.emplace_back(GetString(*owner, {"uid"}));
  }
  if (unwanted.empty()) return;
  if (there) {
    DropOwners(object, unwanted);
    return;
  }
  DeleteOptions options;
  options.uid = object.uid;
  options.propagation = "Background";
  if (HasFinalizer(current->object, kOrphanFinalizer)) options.propagation = "Orphan";
  if ((waiting && index_.HasDependents(object.uid)) ||
      HasFinalizer(current->object, kForegroundFinalizer)) {
    options.propagation = "Foreground";
  }
  // Refused only where somebody else has changed it meanwhile, which brings it back here.
  const auto ignored = api_->Delete(*resource, {object.key.ns, object.key.name}, options);
  static_cast<void>(ignored);
}

void GarbageCollector::Orphan(const OwnedObject& object) {
  for (const OwnedObject& dependent : index_.Dependents(object.uid)) {
    DropOwners(dependent, {object.uid});
  }
  DropFinalizer(object, kOrphanFinalizer);
}

void GarbageCollector::FinishForeground(const OwnedObject& object) {
  if (index_.blocking(object.uid) == 0) DropFinalizer(object, kForegroundFinalizer);
}

void GarbageCollector::DropOwners(const OwnedObject& object, const std::vector<std::string>& uids) {
  const VersionPtr current = Current(object);
  const Resource* resource = api_->resources().Stored(object.storage);
  if (current == nullptr || resource == nullptr) return;
  json::object next = current->object;
  json::array kept;
  for (const json::value& entry : ArrayAt(&next, {"metadata", "ownerReferences"})) {
    const json::object* owner = entry.if_object();
    const std::string_view uid = owner == nullptr ? "" : GetString(*owner, {"uid"});
    if (std::find(uids.begin(), uids.end(), uid) == uids.end()) kept.push_back(entry);
  }
  if (kept.empty()) {
    Erase(&next, {"metadata", "ownerReferences"});
  } else {
    At(&next, {"metadata", "ownerReferences"}) = std::move(kept);
  }
  const auto ignored =
      api_->Update(*resource, {object.key.ns, object.key.name}, "", std::move(next));
  static_cast<void>(ignored);
}

void GarbageCollector::DropFinalizer(const OwnedObject& object, std::string_view finalizer) {
  const VersionPtr current = Current(object);
  const Resource* resource = api_->resources().Stored(object.storage);
  if (current == nullptr || resource == nullptr) return;
  json::object next = current->object;
  json::array kept;
  for (const json::value& entry : ArrayAt(&next, {"metadata", "finalizers"})) {
    if (Text(entry) != finalizer) kept.push_back(entry);
  }
  if (kept.empty()) {
    Erase(&next, {"metadata", "finalizers"});
  } else {
    At(&next, {"metadata", "finalizers"}) = std::move(kept);
  }
  const auto ignored =
      api_->Update(*resource, {object.key.ns, object.key.name}, "", std::move(next));
  static_cast<void>(ignored);
}

}  // namespace fairlead::apiserver
