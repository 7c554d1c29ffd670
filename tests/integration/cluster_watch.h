// What a bystander sees of the cluster, straight from the server's store: every binding in order,
// and at the end whether gangs are whole and whether something waits that would fit. It shares no
// code with the scheduler's idea of a gang or of room, so that it can judge it.
//
// It knows the manifests of manifests.h only: gangs by label, by PodGroup and of Jobs, and single
// pods; members of one gang have equal requests and state the gang's size, whatever its kind.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/base/time.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::integration {

namespace json = boost::json;

struct BindSeen {
  Instant at;
  std::string pod;  // namespace/name
  std::string uid;
  std::string node;
  std::string decision;
};

struct PodSeen {
  std::string ns, name, uid, gang, node, phase;
  std::string told;  // "reason: message" of PodScheduled=False
  std::int64_t minimum = 1;
  bool deleting = false;
  bool gated = false;
  std::int64_t milli_cpu = 0, memory = 0, gpus = 0;

  bool Ended() const { return phase == "Succeeded" || phase == "Failed"; }
  bool Holds() const { return !node.empty() && !Ended(); }
  bool Counts() const { return phase == "Succeeded" || (Holds() && !deleting); }
  bool Waits() const { return node.empty() && !Ended() && !deleting && !gated; }
};

class ClusterWatch {
 public:
  ClusterWatch(apiserver::ApiServer* server, const Clock* clock);
  ~ClusterWatch();
  ClusterWatch(const ClusterWatch&) = delete;
  ClusterWatch& operator=(const ClusterWatch&) = delete;

  const std::vector<BindSeen>& binds() const { return binds_; }
  int BindsOf(const std::string& pod) const;
  // Of all bindings with their times.
  std::uint64_t hash() const { return hash_; }
  // When a pod last changed.
  Instant changed() const { return changed_; }
  // And how: the pod, as JSON.
  const std::string& last_change() const { return last_change_; }
  const std::map<std::string, PodSeen>& pods() const { return pods_; }  // by namespace/name
  int Count(const std::string& phase, const std::string& ns = {}) const;
  int BoundOf(const std::string& gang) const;  // by the label, in any namespace

  // What must not be at any time: pods that moved, nodes that hold more than they have.
  const std::vector<std::string>& offences() const { return offences_; }
  // Gangs of which some but too few members hold room, and that never were whole.
  std::vector<std::string> PartialGangs() const;
  // Gangs that wait although they would fit whole beside what runs.
  std::vector<std::string> WouldFit() const;

 private:
  struct Room {
    std::int64_t milli_cpu = 0, memory = 0, gpus = 0, pods = 0;
    bool open = false;                            // new pods may come
    std::int64_t Fits(const PodSeen& pod) const;  // how many
    bool Overdrawn() const { return milli_cpu < 0 || memory < 0 || gpus < 0 || pods < 0; }
  };
  using Gangs = std::map<std::string, std::vector<const PodSeen*>>;

  void OnPod(bool gone, const json::object& object);
  void OnBound(const PodSeen& pod, const json::object& object);
  void NoteWhole(const std::string& gang);
  Gangs ByGang() const;
  static std::int64_t Minimum(const std::vector<const PodSeen*>& members);
  // Of the nodes that exist, less what their pods hold. `list`: "capacity" or "allocatable".
  std::map<std::string, Room> Rooms(std::string_view list) const;

  apiserver::ApiServer* server_;
  const Clock* clock_;
  std::uint64_t listener_ = 0;
  std::map<std::string, PodSeen> pods_;
  std::set<std::string> whole_;  // gangs that have been
  std::vector<BindSeen> binds_;
  std::vector<std::string> offences_;
  std::uint64_t hash_ = 1'469'598'103'934'665'603U;
  Instant changed_;
  std::string last_change_;
};

}  // namespace fairlead::integration
