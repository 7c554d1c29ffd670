#include "scheduler/apiserver/namespaces.h"

#include <utility>
#include <vector>

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kDeletesPerTurn = 200;

bool Deleting(const json::object& object) {
  return Find(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

}  // namespace

NamespaceController::NamespaceController(Api* api, LoopWork* work)
    : api_(api),
      work_(work),
      inbox_(
          work, &api->store(), [this](const Change& change) { return Concerns(change); },
          [this](const Change& change) { OnChange(change); }, [this] { Look(); }) {
  inbox_.Replay("namespaces");
}

bool NamespaceController::Concerns(const Change& change) const {
  if (change.storage == "namespaces") {
    return change.type == ChangeType::kDeleted || Deleting(change.now->object);
  }
  return change.type == ChangeType::kDeleted && !ending_.empty() &&
         ending_.contains(std::string(GetString(change.now->object, {"metadata", "namespace"})));
}

void NamespaceController::OnChange(const Change& change) {
  const json::object& object = change.now->object;
  if (change.storage != "namespaces") {
    dirty_.emplace(GetString(object, {"metadata", "namespace"}));
    return;
  }
  std::string name(GetString(object, {"metadata", "name"}));
  if (change.type == ChangeType::kDeleted) {
    ending_.erase(name);
    dirty_.erase(name);
  } else if (ending_.insert(name).second) {
    Empty(name);
  } else {
    dirty_.insert(std::move(name));
  }
}

void NamespaceController::Look() {
  for (const std::string& ns : std::exchange(dirty_, {})) {
    if (!HasContents(ns)) Finish(ns);
  }
}

std::set<std::string> NamespaceController::Storages() const {
  std::set<std::string> storages;
  for (const Resource* resource : api_->resources().all()) {
    if (resource->namespaced) storages.insert(resource->storage);
  }
  return storages;
}

bool NamespaceController::HasContents(const std::string& ns) const {
  for (const std::string& storage : Storages()) {
    const Store::Table& table = api_->store().table(storage);
    const auto first = table.lower_bound(ObjectKey{ns, ""});
    if (first != table.end() && first->first.ns == ns) return true;
  }
  return false;
}

// Some at a time; the rest in another turn.
void NamespaceController::Empty(const std::string& ns) {
  struct Item {
    const Resource* resource;
    std::string name, uid;
  };
  std::vector<Item> items;
  for (const std::string& storage : Storages()) {
    const Store::Table& table = api_->store().table(storage);
    const Resource* resource = api_->resources().Stored(storage);
    for (auto at = table.lower_bound(ObjectKey{ns, ""});
         at != table.end() && at->first.ns == ns && items.size() < kDeletesPerTurn; ++at) {
      if (Deleting(at->second->object)) continue;
      items.push_back({resource, at->first.name,
                       std::string(GetString(at->second->object, {"metadata", "uid"}))});
    }
  }
  bool progress = false;
  for (const Item& item : items) {
    DeleteOptions options;
    options.uid = item.uid;
    options.propagation = "Background";
    progress = api_->Delete(*item.resource, {ns, item.name}, options).ok() || progress;
  }
  work_->Post([this, ns, progress] {
    if (!ending_.contains(ns)) return;
    if (progress) {
      Empty(ns);
    } else {
      dirty_.insert(ns);
      Look();
    }
  });
}

void NamespaceController::Finish(const std::string& ns) {
  const VersionPtr current = api_->store().Get("namespaces", "", ns);
  if (current == nullptr || !Deleting(current->object)) return;
  json::object object = current->object;
  json::array kept;
  for (const json::value& entry : ArrayAt(&object, {"spec", "finalizers"})) {
    if (entry != json::value("kubernetes")) kept.push_back(entry);
  }
  At(&object, {"spec", "finalizers"}) = std::move(kept);
  const auto ended = api_->Finalize(ns, object);
  FAIRLEAD_CHECK(ended.ok(), "namespace {}: {}", ns, ended.ok() ? "" : ended.error().message);
}

}  // namespace fairlead::apiserver
