#include "fairlead/ledger/usage_book.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fairlead::ledger {
namespace {

std::string LabelOf(const Labels& labels, const std::string& key) {
  for (const auto& [name, value] : labels) {
    if (name == key) return value;
  }
  return "";
}

std::string_view OwnerKind(GangKind kind) {
  switch (kind) {
    case GangKind::kJob:
      return "Job";
    case GangKind::kPodGroup:
      return "PodGroup";
    case GangKind::kLabel:
    case GangKind::kSinglePod:
      return "Pod";
  }
  return "";
}

EndReason ReasonOf(const PodReleased& released) {
  if (released.evicted_for == "gang_rollback") return EndReason::kGangRollback;
  if (released.evicted_for == "node_lost") return EndReason::kNodeLost;
  if (released.evicted_for == "reclaim") return EndReason::kReclaimed;
  if (!released.evicted_for.empty()) return EndReason::kPreempted;
  switch (released.cause) {
    case ReleaseCause::kSucceeded:
      return EndReason::kCompleted;
    case ReleaseCause::kFailed:
      return EndReason::kFailed;
    case ReleaseCause::kGone:
      return EndReason::kDeleted;
    case ReleaseCause::kNodeGone:
      return EndReason::kNodeLost;
    case ReleaseCause::kForgotten:
      return EndReason::kBindFailed;
  }
  return EndReason::kUnknown;
}

// Equal in all that a moment does not change.
bool GoesOn(const Interval& open, const Interval& next) {
  Interval same = open;
  same.start = next.start;
  same.record_id = next.record_id;
  same.epoch = next.epoch;
  same.use_class = next.use_class;  // that of its beginning stays
  return same == next;
}

}  // namespace

void UsageBook::Restore(const std::vector<Interval>& open, Instant last_write) {
  last_write_ = last_write;
  tau_ = std::max(tau_, last_write);
  for (const Interval& interval : open) {
    // Others may write into the same ledger: another cluster, or a person.
    if (interval.cluster != options_.cluster) continue;
    tau_ = std::max(tau_, interval.start);
    Intervals& all = interval.kind == Kind::kCapacity ? nodes_ : pods_;
    all[interval.kind == Kind::kCapacity ? interval.node : interval.pod_uid] = interval;
  }
}

Interval UsageBook::IntervalOf(const PodHolding& h) const {
  Interval i;
  i.cluster = options_.cluster;
  i.kind = !h.ours ? Kind::kSystem : h.assumed ? Kind::kReserved : Kind::kUsage;
  i.tenant = h.tenant;
  i.queue = h.queue;
  i.environment = LabelOf(h.labels, options_.environment_label);
  i.cost_center = LabelOf(h.labels, options_.cost_center_label);
  i.ns = h.ns;
  i.pod = h.name;
  i.pod_uid = h.uid;
  i.user = h.user;
  if (h.ours) {
    i.gang = h.gang.name;
    i.owner_kind = OwnerKind(h.gang.kind);
    i.owner = h.gang.name;
  }
  for (const std::string& key : options_.labels) {
    const std::string value = LabelOf(h.labels, key);
    if (!value.empty()) i.labels.emplace_back(key, value);
  }
  std::sort(i.labels.begin(), i.labels.end());
  i.node = h.node;
  i.devices = h.devices;
  i.unknown_devices = h.unknown_gpus;
  i.cpu_milli = h.milli_cpu;
  i.memory_bytes = h.memory_bytes;
  if (i.gpus() > 0) {
    i.gpu_model = h.gpu_model;
    i.slices = h.grant.slices;
    i.slices_per_gpu = h.grant.of;
    i.gpu_memory_bytes = h.gpu_memory;
  }
  i.use_class = h.level == 2   ? UseClass::kGuaranteed
                : h.level == 0 ? UseClass::kBorrowed
                               : UseClass::kEntitled;
  i.submitted = h.created;
  i.epoch = options_.epoch;
  return i;
}

Interval UsageBook::IntervalOf(const NodeCapacity& node) const {
  Interval i;
  i.cluster = options_.cluster;
  i.kind = Kind::kCapacity;
  i.node = node.name;
  i.down = node.down;
  i.cpu_milli = node.milli_cpu;
  i.memory_bytes = node.memory_bytes;
  i.devices.reserve(static_cast<std::size_t>(node.gpus));
  for (std::int32_t d = 0; d < node.gpus; ++d) i.devices.push_back(d);
  if (node.gpus > 0) {
    i.gpu_model = node.gpu_model;
    i.slices = i.slices_per_gpu = std::max(node.gpu_slices, 1);
    i.gpu_memory_bytes = node.gpu_memory;
  }
  i.epoch = options_.epoch;
  return i;
}

void UsageBook::End(Intervals* all, const std::string& key, EndReason reason,
                    std::vector<Change>* changes) {
  const auto it = all->find(key);
  if (it == all->end()) return;
  changes->push_back(Close{OpenKeyOf(it->second), tau_, reason});
  all->erase(it);
}

void UsageBook::Put(Intervals* all, const std::string& key, Interval next,
                    std::vector<Change>* changes) {
  next.start = tau_;
  next.record_id = RecordIdOf(next);
  const auto it = all->find(key);
  if (it != all->end()) {
    if (GoesOn(it->second, next)) return;
    const bool bound = it->second.kind == Kind::kReserved && next.kind != Kind::kReserved;
    changes->push_back(
        Close{OpenKeyOf(it->second), tau_, bound ? EndReason::kBound : EndReason::kChanged});
  }
  changes->push_back(Open{next});
  (*all)[key] = std::move(next);
}

// What was open when the process before this one ended, and is no more.
void UsageBook::CloseMissing(const UsageBatch& batch, std::vector<Change>* changes) {
  std::set<std::string> pods;
  for (const PodHolding& holding : batch.delta.held) pods.insert(holding.uid);
  std::set<std::string> nodes;
  for (const NodeCapacity& node : batch.delta.nodes) {
    if (node.present) nodes.insert(node.name);
  }
  const auto sweep = [&](Intervals* all, const std::set<std::string>& there) {
    for (auto it = all->begin(); it != all->end();) {
      if (there.contains(it->first)) {
        ++it;
        continue;
      }
      changes->push_back(Close{OpenKeyOf(it->second), std::max(last_write_, it->second.start),
                               EndReason::kUnknown, "", Source::kReconcile});
      it = all->erase(it);
    }
  };
  sweep(&pods_, pods);
  sweep(&nodes_, nodes);
}

std::vector<Change> UsageBook::Apply(const UsageBatch& batch) {
  std::vector<Change> changes;
  tau_ = std::max(tau_, batch.at);
  if (batch.all) CloseMissing(batch, &changes);
  for (const NodeCapacity& node : batch.delta.nodes) {
    if (node.present) {
      Put(&nodes_, node.name, IntervalOf(node), &changes);
    } else {
      End(&nodes_, node.name, EndReason::kNodeLost, &changes);
    }
  }
  for (const PodReleased& released : batch.delta.released) {
    End(&pods_, released.uid, ReasonOf(released), &changes);
  }
  for (const PodHolding& holding : batch.delta.held) {
    Put(&pods_, holding.uid, IntervalOf(holding), &changes);
  }
  return changes;
}

}  // namespace fairlead::ledger
