// The garbage collector: objects whose owners are all gone are deleted; foreground deletion waits
// for dependents, orphaning lets go of them.
//
// An owner is looked up by apiVersion, kind, name and namespace, and counts only with the uid of
// the reference. One whose kind is not served counts as there. Owners in another namespace do not
// exist for a dependent. Cycles of owners in foreground deletion are not broken up.
//
// Cost: O(log n) per change, plus one step for each dependent of an owner that goes, some at a
// time.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/apiserver/controllers_work.h"

namespace fairlead::apiserver {

struct OwnedObject {
  std::string storage;
  ObjectKey key;
  std::string uid;
  friend auto operator<=>(const OwnedObject&, const OwnedObject&) = default;
};
struct OwnerLink {
  std::string uid;  // of the owner
  bool blocking = false;
  friend bool operator==(const OwnerLink&, const OwnerLink&) = default;
};
std::vector<OwnerLink> OwnersOf(const json::object& object);

// Who depends on whom, by uid. Pure.
// I1  blocking(o) is the number of dependents of o whose link is blocking.
class OwnerIndex {
 public:
  void Upsert(const OwnedObject& object, std::vector<OwnerLink> owners);
  void Remove(const std::string& uid);
  // In the order of their uids.
  std::vector<OwnedObject> Dependents(const std::string& owner) const;
  bool HasDependents(const std::string& owner) const { return by_owner_.contains(owner); }
  std::size_t blocking(const std::string& owner) const;
  std::size_t size() const { return owners_.size(); }

 private:
  struct Owned {
    std::map<std::string, OwnedObject> dependents;  // by uid
    std::size_t blocking = 0;
  };
  std::unordered_map<std::string, Owned> by_owner_;
  std::unordered_map<std::string, std::vector<OwnerLink>> owners_;  // by the dependent's uid
};

class GarbageCollector {
 public:
  GarbageCollector(Api* api, LoopWork* work);

 private:
  enum class Step : std::uint8_t { kCheck, kOrphan, kForeground };
  struct Task {
    Step step;
    OwnedObject object;
  };

  void OnChange(const Change& change);
  void OnGone(const OwnedObject& object, const json::object& last);
  void Queue(Step step, const OwnedObject& object);
  void RunSome();
  void Check(const OwnedObject& object);
  void Orphan(const OwnedObject& object);
  void FinishForeground(const OwnedObject& object);
  void DropOwners(const OwnedObject& object, const std::vector<std::string>& uids);
  void DropFinalizer(const OwnedObject& object, std::string_view finalizer);
  VersionPtr Current(const OwnedObject& object) const;

  Api* api_;
  LoopWork* work_;
  OwnerIndex index_;
  std::unordered_map<std::string, OwnedObject> waiting_;  // owners in foreground deletion
  std::deque<Task> tasks_;
  bool posted_ = false;
  ChangeInbox inbox_;  // last: it is the first to end
};

}  // namespace fairlead::apiserver
