#include "scheduler/apiserver/store.h"

#include <algorithm>

namespace fairlead::apiserver {

const std::string& Version::JsonText() const {
  if (json_text.empty()) json_text = json::serialize(object);
  return json_text;
}

Store::Store(std::size_t history) : history_(std::max<std::size_t>(history, 1)) {}

VersionPtr Store::Get(std::string_view storage, std::string_view ns, std::string_view name) const {
  const auto table = tables_.find(storage);
  if (table == tables_.end()) return nullptr;
  const auto found = table->second.find(ObjectKey{std::string(ns), std::string(name)});
  return found == table->second.end() ? nullptr : found->second;
}

VersionPtr Store::Put(std::string_view storage, json::object object) {
  auto version = std::make_shared<Version>();
  version->revision = revision_ + 1;
  At(&object, {"metadata", "resourceVersion"}) = std::to_string(version->revision);
  version->object = std::move(object);
  ObjectKey key{std::string(GetString(version->object, {"metadata", "namespace"})),
                std::string(GetString(version->object, {"metadata", "name"}))};
  auto table = tables_.find(storage);
  if (table == tables_.end()) table = tables_.emplace(std::string(storage), Table{}).first;
  VersionPtr& slot = table->second[std::move(key)];
  const ChangeType type = slot == nullptr ? ChangeType::kAdded : ChangeType::kModified;
  VersionPtr before = std::exchange(slot, version);
  Record({type, table->first, version, std::move(before), version->revision});
  return version;
}

VersionPtr Store::Delete(std::string_view storage, std::string_view ns, std::string_view name) {
  const auto table = tables_.find(storage);
  if (table == tables_.end()) return nullptr;
  const auto found = table->second.find(ObjectKey{std::string(ns), std::string(name)});
  if (found == table->second.end()) return nullptr;
  VersionPtr before = found->second;
  table->second.erase(found);
  auto last = std::make_shared<Version>();
  last->object = before->object;
  last->revision = revision_ + 1;
  At(&last->object, {"metadata", "resourceVersion"}) = std::to_string(last->revision);
  Record({ChangeType::kDeleted, table->first, last, std::move(before), last->revision});
  return last;
}

const Store::Table& Store::table(std::string_view storage) const {
  static const Table kEmpty;
  const auto found = tables_.find(storage);
  return found == tables_.end() ? kEmpty : found->second;
}

std::size_t Store::Position(std::uint64_t after) const {
  const auto above = [](std::uint64_t revision, const Change& change) {
    return revision < change.revision;
  };
  return static_cast<std::size_t>(std::upper_bound(changes_.begin(), changes_.end(), after, above) -
                                  changes_.begin());
}

std::uint64_t Store::Listen(Listener listener) {
  listeners_.emplace_back(++last_listener_, std::move(listener));
  return last_listener_;
}

void Store::Unlisten(std::uint64_t id) {
  std::erase_if(listeners_, [id](const auto& entry) { return entry.first == id; });
}

void Store::Record(Change change) {
  revision_ = change.revision;
  changes_.push_back(std::move(change));
  if (changes_.size() > history_) {
    oldest_ = changes_.front().revision;
    changes_.pop_front();
  }
  // A listener gets a copy: it may write, which moves the history on.
  const Change told = changes_.back();
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i].second(told);
}

}  // namespace fairlead::apiserver
