#include "tests/integration/cluster_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "fairlead/base/quantity.h"
#include "scheduler/apiserver/api.h"
#include "scheduler/apiserver/store.h"
#include "tests/integration/manifests.h"

namespace fairlead::integration {
namespace {

using apiserver::Find;
using apiserver::FindArray;
using apiserver::FindObject;
using apiserver::GetInt;
using apiserver::GetString;

std::int64_t Amount(const json::object* list, std::string_view name, std::int64_t scale,
                    Rounding rounding) {
  if (list == nullptr) return 0;
  const auto amount = ParseQuantity(GetString(*list, {name}), scale, rounding);
  return amount ? *amount : 0;
}

// The only container's requests.
const json::object* Requests(const json::object& pod) {
  const json::array* containers = FindArray(pod, {"spec", "containers"});
  if (containers == nullptr || containers->empty()) return nullptr;
  const json::object* first = containers->front().if_object();
  return first == nullptr ? nullptr : FindObject(*first, {"resources", "requests"});
}

std::string_view JobOf(const json::object& pod) {
  const json::array* owners = FindArray(pod, {"metadata", "ownerReferences"});
  if (owners == nullptr || owners->empty()) return {};
  const json::object* owner = owners->front().if_object();
  if (owner == nullptr || GetString(*owner, {"kind"}) != "Job") return {};
  return GetString(*owner, {"name"});
}

std::string ToldOf(const json::object& pod) {
  const json::array* conditions = FindArray(pod, {"status", "conditions"});
  if (conditions == nullptr) return "";
  for (const json::value& value : *conditions) {
    const json::object* condition = value.if_object();
    if (condition == nullptr || GetString(*condition, {"type"}) != "PodScheduled") continue;
    if (GetString(*condition, {"status"}) != "False") continue;
    return fmt::format("{}: {}", GetString(*condition, {"reason"}),
                       GetString(*condition, {"message"}));
  }
  return "";
}

PodSeen Read(const json::object& pod) {
  PodSeen seen;
  seen.ns = GetString(pod, {"metadata", "namespace"});
  seen.name = GetString(pod, {"metadata", "name"});
  seen.uid = GetString(pod, {"metadata", "uid"});
  seen.node = GetString(pod, {"spec", "nodeName"});
  seen.phase = GetString(pod, {"status", "phase"});
  seen.told = ToldOf(pod);
  seen.deleting = Find(pod, {"metadata", "deletionTimestamp"}) != nullptr;
  const json::array* gates = FindArray(pod, {"spec", "schedulingGates"});
  seen.gated = gates != nullptr && !gates->empty();
  const json::object* requests = Requests(pod);
  seen.milli_cpu = Amount(requests, "cpu", 1000, Rounding::kUp);
  seen.memory = Amount(requests, "memory", 1, Rounding::kUp);
  seen.gpus = Amount(requests, "nvidia.com/gpu", 1, Rounding::kUp);
  const std::string_view gang = GetString(pod, {"metadata", "labels", "fairlead.dev/gang"});
  const std::string_view job = JobOf(pod);
  const json::object* labels = FindObject(pod, {"metadata", "labels"});
  const std::string_view group =
      labels == nullptr ? std::string_view{} : GetString(*labels, {kPodGroupLabel});
  if (!group.empty()) {
    seen.gang = fmt::format("{}/group/{}", seen.ns, group);
  } else if (gang == "true" && !job.empty()) {
    seen.gang = fmt::format("{}/job/{}", seen.ns, job);
  } else if (!gang.empty()) {
    seen.gang = fmt::format("{}/gang/{}", seen.ns, gang);
  } else {
    seen.gang = fmt::format("{}/pod/{}/{}", seen.ns, seen.name, seen.uid);
  }
  const json::object* annotations = FindObject(pod, {"metadata", "annotations"});
  const std::int64_t size = Amount(annotations, "fairlead.dev/gang-size", 1, Rounding::kUp);
  if (size > 0) seen.minimum = size;
  return seen;
}

std::int64_t Ratio(std::int64_t room, std::int64_t amount) {
  return amount == 0 ? std::numeric_limits<std::int64_t>::max()
                     : std::max<std::int64_t>(0, room) / amount;
}

}  // namespace

ClusterWatch::ClusterWatch(apiserver::ApiServer* server, const Clock* clock)
    : server_(server), clock_(clock) {
  listener_ = server_->api().store().Listen([this](const apiserver::Change& change) {
    if (change.storage != "pods") return;
    OnPod(change.type == apiserver::ChangeType::kDeleted, change.now->object);
  });
}

ClusterWatch::~ClusterWatch() { server_->api().store().Unlisten(listener_); }

void ClusterWatch::OnPod(bool gone, const json::object& object) {
  changed_ = clock_->Now();
  last_change_ = (gone ? "gone: " : "") + json::serialize(object);
  PodSeen pod = Read(object);
  const std::string key = pod.ns + "/" + pod.name;
  const auto known = pods_.find(key);
  const bool same = known != pods_.end() && known->second.uid == pod.uid;
  if (same && !known->second.node.empty() && known->second.node != pod.node) {
    offences_.push_back(fmt::format("{} moved from {} to {}", key, known->second.node, pod.node));
  }
  const bool bound = !pod.node.empty() && !(same && known->second.node == pod.node);
  if (gone) {
    if (same) pods_.erase(known);
    return;
  }
  const PodSeen& now = pods_[key] = std::move(pod);
  if (bound) OnBound(now, object);
  NoteWhole(now.gang);
}

void ClusterWatch::OnBound(const PodSeen& pod, const json::object& object) {
  BindSeen& bind = binds_.emplace_back();
  bind.at = clock_->Now();
  bind.pod = pod.ns + "/" + pod.name;
  bind.uid = pod.uid;
  bind.node = pod.node;
  bind.decision = GetString(object, {"metadata", "annotations", "fairlead.dev/decision"});
  for (const char c :
       fmt::format("{} {} {} {} {};", bind.at.ns, bind.pod, bind.uid, bind.node, bind.decision)) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  }
  const auto rooms = Rooms("capacity");
  const auto room = rooms.find(pod.node);
  if (room != rooms.end() && room->second.Overdrawn()) {
    offences_.push_back(fmt::format("{} was bound to {}, which is full", bind.pod, pod.node));
  }
}

void ClusterWatch::NoteWhole(const std::string& gang) {
  std::vector<const PodSeen*> members;
  for (const auto& [key, pod] : pods_) {
    if (pod.gang == gang) members.push_back(&pod);
  }
  const auto counted = std::count_if(members.begin(), members.end(),
                                     [](const PodSeen* pod) { return pod->Counts(); });
  if (counted >= Minimum(members)) whole_.insert(gang);
}

int ClusterWatch::BindsOf(const std::string& pod) const {
  return static_cast<int>(
      std::count_if(binds_.begin(), binds_.end(), [&](const BindSeen& b) { return b.pod == pod; }));
}

int ClusterWatch::Count(const std::string& phase, const std::string& ns) const {
  int n = 0;
  for (const auto& [key, pod] : pods_) {
    if (pod.phase == phase && (ns.empty() || pod.ns == ns)) ++n;
  }
  return n;
}

int ClusterWatch::BoundOf(const std::string& gang) const {
  int n = 0;
  for (const auto& [key, pod] : pods_) {
    if (pod.gang.ends_with("/" + gang) && !pod.node.empty()) ++n;
  }
  return n;
}

ClusterWatch::Gangs ClusterWatch::ByGang() const {
  Gangs gangs;
  for (const auto& [key, pod] : pods_) gangs[pod.gang].push_back(&pod);
  return gangs;
}

// As the members that are left state it: failed ones are none.
std::int64_t ClusterWatch::Minimum(const std::vector<const PodSeen*>& members) {
  for (const PodSeen* pod : members) {
    const bool never_will = pod->node.empty() && pod->deleting;
    if (pod->phase != "Failed" && !never_will) return pod->minimum;
  }
  return 1;
}

std::map<std::string, ClusterWatch::Room> ClusterWatch::Rooms(std::string_view list) const {
  std::map<std::string, Room> rooms;
  for (const auto& [key, node] : server_->api().store().table("nodes")) {
    Room& room = rooms[key.name];
    const json::object* amounts = FindObject(node->object, {"status", list});
    room.milli_cpu = Amount(amounts, "cpu", 1000, Rounding::kDown);
    room.memory = Amount(amounts, "memory", 1, Rounding::kDown);
    room.gpus = Amount(amounts, "nvidia.com/gpu", 1, Rounding::kDown);
    room.pods = Amount(amounts, "pods", 1, Rounding::kDown);
    const json::array* taints = FindArray(node->object, {"spec", "taints"});
    room.open = (taints == nullptr || taints->empty()) &&
                !apiserver::GetBool(node->object, {"spec", "unschedulable"}, false);
  }
  for (const auto& [key, pod] : pods_) {
    const auto room = rooms.find(pod.node);
    if (!pod.Holds() || room == rooms.end()) continue;
    room->second.milli_cpu -= pod.milli_cpu;
    room->second.memory -= pod.memory;
    room->second.gpus -= pod.gpus;
    room->second.pods -= 1;
  }
  return rooms;
}

std::int64_t ClusterWatch::Room::Fits(const PodSeen& pod) const {
  if (!open || Overdrawn()) return 0;
  return std::min(
      {Ratio(milli_cpu, pod.milli_cpu), Ratio(memory, pod.memory), Ratio(gpus, pod.gpus), pods});
}

std::vector<std::string> ClusterWatch::PartialGangs() const {
  std::vector<std::string> out;
  for (const auto& [gang, members] : ByGang()) {
    const auto counted = std::count_if(members.begin(), members.end(),
                                       [](const PodSeen* pod) { return pod->Counts(); });
    const bool holds = std::any_of(members.begin(), members.end(), [](const PodSeen* pod) {
      return pod->Holds() && !pod->deleting;
    });
    if (!holds || counted >= Minimum(members) || whole_.contains(gang)) continue;
    out.push_back(fmt::format("{}: {} of {}", gang, counted, Minimum(members)));
  }
  return out;
}

std::vector<std::string> ClusterWatch::WouldFit() const {
  std::vector<std::string> out;
  const auto rooms = Rooms("allocatable");
  for (const auto& [gang, members] : ByGang()) {
    const PodSeen* one = nullptr;
    std::int64_t held = 0;
    std::int64_t waiting = 0;
    for (const PodSeen* pod : members) {
      if (pod->Counts()) ++held;
      if (!pod->Waits()) continue;
      ++waiting;
      one = pod;
    }
    const std::int64_t needed = std::max<std::int64_t>(1, Minimum(members) - held);
    if (one == nullptr || waiting < needed) continue;
    std::int64_t fits = 0;
    std::string where;
    for (const auto& [name, room] : rooms) {
      const std::int64_t here = std::min(room.Fits(*one), needed);
      fits += here;
      if (here > 0) where += fmt::format(" {} on {}", here, name);
    }
    if (fits < needed) continue;
    out.push_back(fmt::format("{}: needs {}, fits{}; {} members, {} hold, {} wait; told: {}", gang,
                              needed, where, members.size(), held, waiting, one->told));
  }
  return out;
}

}  // namespace fairlead::integration
