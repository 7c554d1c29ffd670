// Objects and their history. One revision counter for everything, as in etcd. Knows nothing of the
// API's rules: who may write what is decided before Put and Delete.
//
// I1  A Version never changes once it is stored; readers share it.
// I2  `changes` holds the last `history` changes in the order of their revisions, without gaps.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

// One version of one object, with metadata.resourceVersion, apiVersion and kind as stored.
struct Version {
  json::object object;
  std::uint64_t revision = 0;
  // Made when first asked for and then shared: the object as JSON text.
  const std::string& JsonText() const;
  // Encodings made by others (protobuf), kept here for the same reason.
  mutable std::string json_text, proto_text;
};
using VersionPtr = std::shared_ptr<const Version>;

enum class ChangeType : std::uint8_t { kAdded, kModified, kDeleted };

struct Change {
  ChangeType type = ChangeType::kAdded;
  std::string storage;  // which kind of object
  VersionPtr now;       // of kDeleted: the last state, with the revision of the deletion
  VersionPtr before;    // null for kAdded
  std::uint64_t revision = 0;
};

struct ObjectKey {
  std::string ns, name;  // ns is empty for what is not in a namespace
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

class Store {
 public:
  explicit Store(std::size_t history);

  std::uint64_t revision() const { return revision_; }
  // The oldest revision from which a watch can go on: all later changes are still there.
  std::uint64_t oldest() const { return oldest_; }

  VersionPtr Get(std::string_view storage, std::string_view ns, std::string_view name) const;
  // Creates or replaces; sets metadata.resourceVersion.
  VersionPtr Put(std::string_view storage, json::object object);
  // The last state, whose metadata.resourceVersion is that of the deletion; null: there was none.
  VersionPtr Delete(std::string_view storage, std::string_view ns, std::string_view name);

  // All objects of a kind in the order of (namespace, name); empty if there are none.
  using Table = std::map<ObjectKey, VersionPtr>;
  const Table& table(std::string_view storage) const;

  // Changes with a revision above `after`, as far as they are kept. Index with Position().
  const std::deque<Change>& changes() const { return changes_; }
  // The index in changes() of the first change above `after`.
  std::size_t Position(std::uint64_t after) const;

  // Called after each change, in order of registration, inside Put and Delete.
  using Listener = std::function<void(const Change&)>;
  std::uint64_t Listen(Listener listener);
  void Unlisten(std::uint64_t id);

 private:
  void Record(Change change);

  std::size_t history_;
  std::uint64_t revision_ = 0;
  std::uint64_t oldest_ = 0;
  std::map<std::string, Table, std::less<>> tables_;
  std::deque<Change> changes_;
  std::vector<std::pair<std::uint64_t, Listener>> listeners_;
  std::uint64_t last_listener_ = 0;
};

}  // namespace fairlead::apiserver
