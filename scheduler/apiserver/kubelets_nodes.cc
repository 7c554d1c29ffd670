// The machines: registration, heartbeats, loss, return, removal, broken devices.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "scheduler/apiserver/kubelets_state.h"

namespace fairlead::apiserver {
namespace {

constexpr Duration kUnreachableAfter = Duration::Seconds(40);
constexpr std::size_t kBeatSlots = 16;  // heartbeats are spread over their period

}  // namespace

void Kubelets::State::EnsureNamespace(std::string_view name) {
  if (api->store().Get("namespaces", "", name) != nullptr) return;
  json::object object;
  object["apiVersion"] = "v1";
  object["kind"] = "Namespace";
  At(&object, {"metadata", "name"}) = Str(name);
  // A heartbeat may fail, as when the namespace ends just now: the next one tries again.
  const auto tried = api->Create(api->Of("namespaces"), "", std::move(object));
  static_cast<void>(tried);
}

void Kubelets::State::UpdateNode(const std::string& name,
                                 const std::function<void(json::object*)>& change) {
  const VersionPtr current = api->store().Get("nodes", "", name);
  if (current == nullptr) return;
  json::object node = current->object;
  change(&node);
  const json::value* taints = Find(node, {"spec", "taints"});
  const json::value* old_taints = Find(current->object, {"spec", "taints"});
  const bool spec_too = (taints == nullptr) != (old_taints == nullptr) ||
                        (taints != nullptr && *taints != *old_taints);
  // The status first: who sees the taint sees why it is there.
  auto written = api->Update(nodes, {"", name}, "status", node);
  if (written.ok() && spec_too) {
    json::object next = (*written)->object;
    Erase(&next, {"spec", "taints"});
    if (taints != nullptr) At(&next, {"spec", "taints"}) = *taints;
    written = api->Update(nodes, {"", name}, "", std::move(next));
  }
  FAIRLEAD_CHECK(written.ok(), "node {}: {}", name, written.ok() ? "" : written.error().message);
}

void Kubelets::State::AddNode(const SimNode& node) {
  FAIRLEAD_CHECK(!machines.contains(node.name), "node {} twice", node.name);
  FAIRLEAD_CHECK(node.gpus >= 0 && node.gpu_slices >= 1, "node {}", node.name);
  const std::uint32_t host = ++last_host;
  Machine machine{
      .spec = node,
      .book = KubeletNode(AllocatableOf(node), node.gpus, node.gpu_slices),
      .ip = fmt::format("10.{}.{}.{}", host >> 16U & 255U, host >> 8U & 255U, host & 255U)};
  json::object object = NodeObject(node, machine.ip, clock->Now());
  machines.emplace(node.name, std::move(machine));
  json::object status =
      FindObject(object, {"status"}) == nullptr ? json::object() : *FindObject(object, {"status"});
  auto written = api->Create(nodes, "", std::move(object));
  if (!written.ok() && written.error().reason == "AlreadyExists") {  // it comes back
    UpdateNode(node.name, [&](json::object* old) {
      (*old)["status"] = status;
      WriteNodeReady(old, clock->Now());
    });
  } else {
    FAIRLEAD_CHECK(written.ok(), "node {}: {}", node.name,
                   written.ok() ? "" : written.error().message);
  }
  const std::size_t slot = std::hash<std::string>()(node.name) % kBeatSlots + 1;
  Beat(node.name);
  Machine& added = machines.at(node.name);
  work.Cancel(&added.beat);
  added.beat = work.After(
      {options.heartbeat.ns / std::int64_t{kBeatSlots} * static_cast<std::int64_t>(slot)},
      [this, name = node.name] { Beat(name); });
  EachOn(node.name, [&](PodRun* run) {
    if (const VersionPtr pod = Current(*run)) Judge(run, pod->object);
  });
}

// Renews the node's lease, and does so again after the heartbeat's period.
void Kubelets::State::Beat(const std::string& name) {
  Machine& machine = machines.at(name);
  const Resource& leases = api->Of("leases.coordination.k8s.io");
  const std::string ns(kLeaseNamespace);
  EnsureNamespace(ns);
  if (const VersionPtr current = api->store().Get(leases.storage, ns, name)) {
    json::object lease = current->object;
    At(&lease, {"spec", "renewTime"}) = MicroTimeText(clock->Now());
    const auto tried = api->Update(leases, {ns, name}, "", std::move(lease));
    static_cast<void>(tried);
  } else if (const VersionPtr node = api->store().Get("nodes", "", name)) {
    json::object lease = LeaseObject(name, clock->Now());
    json::object owner;
    owner["apiVersion"] = "v1";
    owner["kind"] = "Node";
    owner["name"] = name;
    owner["uid"] = Str(GetString(node->object, {"metadata", "uid"}));
    ArrayAt(&lease, {"metadata", "ownerReferences"}).push_back(std::move(owner));
    const auto tried = api->Create(leases, ns, std::move(lease));
    static_cast<void>(tried);
  }
  machine.beat = work.After(options.heartbeat, [this, name] { Beat(name); });
}

void Kubelets::State::LoseNode(const std::string& name) {
  Machine* machine = FindMachine(name);
  if (machine == nullptr || std::exchange(machine->lost, true)) return;
  work.Cancel(&machine->beat);
  machine->mark = work.After(kUnreachableAfter, [this, name] { MarkUnreachable(name); });
  EachOn(name, [&](PodRun* run) { CancelTimers(run); });
}

void Kubelets::State::MarkUnreachable(const std::string& name) {
  Machine& machine = machines.at(name);
  machine.mark = 0;
  machine.marked = true;
  machine.marked_at = clock->Now();
  UpdateNode(name, [&](json::object* node) { WriteNodeUnreachable(node, clock->Now()); });
  EachOn(name, [&](PodRun* run) {
    const VersionPtr pod = Current(*run);
    if (pod == nullptr) return;
    if (run->stage == Stage::kRunning || run->stage == Stage::kBackOff) {
      WriteStatus(run, [&](json::object* object) { WritePodNotReady(object, clock->Now()); });
    }
    ScheduleLeave(run, pod->object);
  });
}

void Kubelets::State::ReturnNode(const std::string& name) {
  Machine* machine = FindMachine(name);
  if (machine == nullptr || !std::exchange(machine->lost, false)) return;
  work.Cancel(&machine->mark);
  if (std::exchange(machine->marked, false)) {
    UpdateNode(name, [&](json::object* node) { WriteNodeReady(node, clock->Now()); });
  }
  Beat(name);
  EachOn(name, [&](PodRun* run) { Return(run); });
}

void Kubelets::State::RemoveNode(const std::string& name) {
  if (FindMachine(name) == nullptr) return;
  OnNodeGone(name);
  const auto gone = api->Delete(nodes, {"", name});
  FAIRLEAD_CHECK(gone.ok() || gone.error().code == 404, "node {}: {}", name,
                 gone.ok() ? "" : gone.error().message);
}

// Also when somebody else deletes the Node: its kubelet is taken out of service.
void Kubelets::State::OnNodeGone(const std::string& name) {
  Machine* machine = FindMachine(name);
  if (machine == nullptr) return;
  work.Cancel(&machine->beat);
  work.Cancel(&machine->mark);
  const Resource& leases = api->Of("leases.coordination.k8s.io");
  const auto lease = api->Delete(leases, {std::string(kLeaseNamespace), name});
  FAIRLEAD_CHECK(lease.ok() || lease.error().code == 404, "lease {}: {}", name,
                 lease.ok() ? "" : lease.error().message);
  machines.erase(name);
  EachOn(name, [&](PodRun* run) {
    CancelTimers(run);
    Delete(run);
  });
}

void Kubelets::State::BreakGpu(const std::string& name, int device) {
  Machine* machine = FindMachine(name);
  if (machine == nullptr || !machine->book.Break(device)) return;
  const std::int64_t left = machine->book.allocatable().find(kGpuResource)->second / 1000;
  UpdateNode(name, [&](json::object* node) {
    At(node, {"status", "allocatable", kGpuResource}) = std::to_string(left);
  });
}

}  // namespace fairlead::apiserver
