// The cluster as the audience of `fairlead demo` sees it: made from the pods that the API server
// shows, never from what the scheduler says of itself. Pure: events and times in, tables out.
//
// I1  A pod holds its GPUs from its binding until it has ended or is gone.
// I2  A gang has started when as many of its pods are bound as it has.
// I3  Shares are measured only while every tenant has a gang that waits: only then is there
// anything
//     to be fair about. Without such a time they are measured over the whole run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"
#include "scheduler/cli/demo_scenario.h"

namespace fairlead::cli {

// What the view needs of a pod.
struct DemoPod {
  std::string ns, name;
  std::string gang;  // its Job's name, or its own
  std::int64_t gpus = 0;
  std::string node;                   // empty: not bound
  std::vector<std::int64_t> devices;  // of the node
  bool ended = false;
  std::string waits_for;  // message of PodScheduled=False
};
// A line of a JSON watch on pods; none: not about a pod (a bookmark, an error).
struct DemoEvent {
  bool deleted = false;
  DemoPod pod;
};
std::optional<DemoEvent> DemoEventFrom(std::string_view line);

struct GangRow {
  std::string tenant, name;
  std::int64_t pods = 0;
  std::int64_t gpus = 0;
  Duration waited;  // until it started, or until now
  std::string reason;
};

struct TenantRow {
  std::string name;
  std::int64_t weight = 0;
  std::int64_t demand = 0;     // GPUs: held and waited for
  std::int64_t allocated = 0;  // GPUs
};

struct RackRow {
  std::string name;
  struct Node {
    std::string name;
    std::vector<int> gpus;  // index of the tenant, -1: free
  };
  std::vector<Node> nodes;
};

struct TenantResult {
  std::string name;
  std::int64_t weight = 0;
  std::int64_t gangs = 0;             // started
  std::int64_t gpu_ms = 0;            // held in all
  std::int64_t contended_gpu_ms = 0;  // of these, while all tenants had something waiting
  Duration wait_mean, wait_p90;       // of gangs that started
};

struct DemoResult {
  std::vector<TenantResult> tenants;
  std::int64_t pods_bound = 0;
  std::int64_t gangs_started = 0;
  std::int64_t gangs_total = 0;
  std::int64_t contended_ms = 0;
};

class DemoView {
 public:
  explicit DemoView(const DemoScenario& scenario);

  void Submitted(const DemoGang& gang, Instant now);
  void Upsert(const DemoPod& pod, Instant now);
  void Remove(std::string_view ns, std::string_view name, Instant now);

  std::vector<TenantRow> Tenants() const;
  std::vector<RackRow> Racks() const;
  std::vector<GangRow> Waiting(Instant now) const;  // the longest wait first
  // Starts since the first `seen` of them, in order.
  std::vector<GangRow> StartsAfter(std::size_t seen) const;
  std::size_t running() const { return running_; }
  std::size_t ended() const { return ended_; }
  bool AllEnded() const { return ended_ == gangs_.size() && gangs_.size() == expected_; }
  bool AllStarted() const { return starts_.size() == expected_; }
  std::int64_t pods_bound() const { return pods_bound_; }

  DemoResult Result(Instant now);

 private:
  struct Gang {
    DemoGang spec;
    std::size_t tenant = 0;
    Instant submitted;
    std::set<std::string> bound, ended;  // names of pods
    std::string reason;
    bool started = false, done = false;
  };
  struct Tenant {
    QueueSpec spec;
    std::int64_t allocated = 0;
    std::int64_t waiting_gpus = 0;
    std::int64_t waiting = 0;  // gangs
    TenantResult result;
    std::vector<std::int64_t> waits_ns;
  };

  void Advance(Instant now);
  void Bind(const DemoPod& pod, Gang* gang, Instant now);
  void Release(const std::string& key);
  void End(const DemoPod& pod, Gang* gang);
  Gang* Find(std::string_view ns, const std::string& name);
  void Paint(const DemoPod& pod, int owner);

  std::vector<Tenant> tenants_;
  std::map<std::string, std::size_t, std::less<>> tenant_of_ns_;
  std::map<std::string, Gang, std::less<>> gangs_;       // by "ns/name"
  std::map<std::string, DemoPod, std::less<>> holding_;  // pods that hold GPUs, by "ns/name"
  std::vector<RackRow> racks_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> place_;  // node -> rack, index
  std::vector<GangRow> starts_;
  std::size_t expected_ = 0;
  std::size_t running_ = 0;
  std::size_t ended_ = 0;
  std::int64_t pods_bound_ = 0;
  std::int64_t contended_ms_ = 0;
  std::optional<Instant> last_;
};

// Names that the scenario's objects have in the cluster.
std::string NamespaceOf(std::string_view tenant);
struct NamedNode {
  std::string name, rack;
  const DemoNodes* group = nullptr;
};
std::vector<NamedNode> NodesOf(const DemoScenario& scenario);

}  // namespace fairlead::cli
