#include "tests/support/cluster_view.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace fairlead::e2e {
namespace {

const std::map<std::string, long double>& Suffixes() {
  static const std::map<std::string, long double> suffixes = {{"n", 1e-9L},
                                                              {"u", 1e-6L},
                                                              {"m", 1e-3L},
                                                              {"", 1},
                                                              {"k", 1e3L},
                                                              {"M", 1e6L},
                                                              {"G", 1e9L},
                                                              {"T", 1e12L},
                                                              {"P", 1e15L},
                                                              {"E", 1e18L},
                                                              {"Ki", 1024.0L},
                                                              {"Mi", 1048576.0L},
                                                              {"Gi", 1073741824.0L},
                                                              {"Ti", 1099511627776.0L},
                                                              {"Pi", 1125899906842624.0L},
                                                              {"Ei", 1152921504606846976.0L}};
  return suffixes;
}

std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

const Json& Child(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto it = object.find(key);
  return it != object.end() && !it->is_null() ? *it : none;
}

Amounts AmountsFrom(const Json& object) {
  Amounts amounts;
  for (const auto& [name, value] : object.items()) {
    amounts[name] = ParseAmount(value.is_string() ? value.get<std::string>() : value.dump(), true);
  }
  return amounts;
}

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

// Containers run together, init containers one by one before them.
Amounts PodRequests(const Json& spec) {
  Amounts total;
  for (const Json& container : Child(spec, "containers")) {
    for (const auto& [name, amount] :
         AmountsFrom(Child(Child(container, "resources"), "requests"))) {
      total[name] = Sum(total[name], amount);
    }
  }
  for (const Json& container : Child(spec, "initContainers")) {
    for (const auto& [name, amount] :
         AmountsFrom(Child(Child(container, "resources"), "requests"))) {
      total[name] = std::max(total[name], amount);
    }
  }
  for (const auto& [name, amount] : AmountsFrom(Child(spec, "overhead"))) {
    total[name] = Sum(total[name], amount);
  }
  total["pods"] = 1000;
  return total;
}

std::string GangOf(const Json& labels) {
  const std::string label = Text(labels, "fairlead.dev/gang");
  if (label == "true") return Text(labels, "job-name");
  return label.empty() ? Text(labels, "scheduling.x-k8s.io/pod-group") : label;
}

std::string Key(const std::string& ns, const std::string& name) { return ns + "/" + name; }

}  // namespace

std::int64_t ParseAmount(const std::string& text, bool round_up) {
  std::size_t used = 0;
  while (used < text.size() && (std::isdigit(static_cast<unsigned char>(text[used])) != 0 ||
                                text[used] == '.' || text[used] == '-' || text[used] == '+')) {
    ++used;
  }
  const long double number = std::strtold(text.substr(0, used).c_str(), nullptr);
  const std::string suffix = text.substr(used);
  long double factor = 1;
  if (const auto it = Suffixes().find(suffix); it != Suffixes().end()) {
    factor = it->second;
  } else if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    factor = std::pow(10.0L, std::strtold(suffix.c_str() + 1, nullptr));
  }
  const long double exact = number * factor * 1000;
  if (exact >= 9.2e18L) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(round_up ? std::ceil(exact) : std::floor(exact));
}

std::string PodView::Annotation(const std::string& key) const {
  const auto it = annotations.find(key);
  return it == annotations.end() ? "" : it->second;
}

PodView PodFrom(const Json& object) {
  const Json& meta = Child(object, "metadata");
  const Json& spec = Child(object, "spec");
  const Json& status = Child(object, "status");
  PodView pod;
  pod.ns = Text(meta, "namespace");
  pod.name = Text(meta, "name");
  pod.uid = Text(meta, "uid");
  pod.deleting = meta.contains("deletionTimestamp");
  pod.node = Text(spec, "nodeName");
  pod.scheduler = Text(spec, "schedulerName");
  pod.phase = Text(status, "phase");
  pod.status_reason = Text(status, "reason");
  pod.gang = GangOf(Child(meta, "labels"));
  for (const auto& [key, value] : Child(meta, "annotations").items()) {
    pod.annotations[key] = value.get<std::string>();
  }
  for (const Json& container : Child(spec, "containers")) {
    pod.containers.push_back(Text(container, "name"));
  }
  pod.requests = PodRequests(spec);
  for (const auto& [key, value] : Child(spec, "nodeSelector").items()) {
    pod.node_selector[key] = value.get<std::string>();
  }
  for (const Json& condition : Child(status, "conditions")) {
    if (Text(condition, "type") != "PodScheduled") continue;
    pod.scheduled_status = Text(condition, "status");
    pod.scheduled_reason = Text(condition, "reason");
    pod.scheduled_message = Text(condition, "message");
  }
  return pod;
}

const PodView* ClusterView::Find(const std::string& ns, const std::string& name) const {
  const auto it = pods.find(Key(ns, name));
  return it == pods.end() ? nullptr : &it->second;
}

int ClusterView::Count(const std::string& ns, const std::string& phase) const {
  const auto tally = tallies.find(ns);
  if (tally == tallies.end()) return 0;
  if (phase.empty()) return tally->second.pods;
  const auto it = tally->second.by_phase.find(phase);
  return it == tally->second.by_phase.end() ? 0 : it->second;
}

int ClusterView::Bound(const std::string& ns) const {
  const auto tally = tallies.find(ns);
  return tally == tallies.end() ? 0 : tally->second.bound;
}

int ClusterView::BindsOf(const std::string& ns, const std::string& name) const {
  return static_cast<int>(std::count_if(binds.begin(), binds.end(), [&](const BindSeen& bind) {
    return bind.ns == ns && bind.name == name;
  }));
}

void KubeletBook::AddNode(const std::string& name, Amounts allocatable,
                          std::map<std::string, std::string> labels) {
  nodes_[name] = {
      .allocatable = std::move(allocatable), .labels = std::move(labels), .admitted = {}};
}

void KubeletBook::RemoveNode(const std::string& name) { nodes_.erase(name); }

std::vector<KubeletAction> KubeletBook::Upsert(PodView pod, TimePoint now) {
  const std::string key = Key(pod.ns, pod.name);
  PodView& known = view_.pods[key];
  if (!known.uid.empty() && known.uid != pod.uid) {  // its removal was missed
    Release(known);
    CountInTally(known, -1);
    known = {};
  }
  if (!known.uid.empty()) CountInTally(known, -1);
  if (!known.node.empty() && known.node != pod.node) ++view_.counters.moved;
  const bool newly_bound = known.node.empty() && !pod.node.empty();
  const bool newly_finished = !known.finished() && pod.finished();
  known = pod;
  CountInTally(known, 1);

  std::vector<KubeletAction> actions;
  if (newly_bound) {
    ++view_.counters.bound;
    view_.binds.push_back({pod.ns, pod.name, pod.uid, pod.node, pod.gang,
                           pod.Annotation("fairlead.dev/decision"), now});
    if (!HasNode(pod.node)) ++view_.counters.unknown_node;
  }
  if (newly_finished) {
    ++view_.counters.finished;
    Release(pod);
  }
  const bool ours = HasNode(pod.node);
  if (ours && !pod.finished() && !pod.deleting && !judged_.contains(pod.uid)) {
    actions.push_back(Admit(pod, now));
  }
  if (ours && pod.deleting && !std::exchange(deleting_[pod.uid], true)) {
    actions.push_back({.kind = KubeletAction::Kind::kDelete, .pod = pod});
  }
  return actions;
}

void KubeletBook::Remove(const std::string& ns, const std::string& name) {
  const auto it = view_.pods.find(Key(ns, name));
  if (it == view_.pods.end()) return;
  Release(it->second);
  CountInTally(it->second, -1);
  judged_.erase(it->second.uid);
  deleting_.erase(it->second.uid);
  view_.pods.erase(it);
}

void KubeletBook::Release(const PodView& pod) {
  const auto node = nodes_.find(pod.node);
  if (node != nodes_.end()) node->second.admitted.erase(pod.uid);
}

void KubeletBook::CountInTally(const PodView& pod, int sign) {
  Tally& tally = view_.tallies[pod.ns];
  tally.pods += sign;
  if (!pod.node.empty()) tally.bound += sign;
  tally.by_phase[pod.phase] += sign;
}

KubeletAction KubeletBook::Reject(const PodView& pod, std::string reason, std::string message) {
  ++view_.counters.rejected;
  return {.kind = KubeletAction::Kind::kReject,
          .pod = pod,
          .reason = std::move(reason),
          .message = std::move(message)};
}

KubeletAction KubeletBook::Admit(const PodView& pod, TimePoint now) {
  Node& node = nodes_[pod.node];
  judged_[pod.uid] = pod.node;
  for (const auto& [key, value] : pod.node_selector) {
    const auto label = node.labels.find(key);
    if (label != node.labels.end() && label->second == value) continue;
    return Reject(pod, "NodeAffinity", "Predicate NodeAffinity failed: " + key + "=" + value);
  }
  for (const auto& [resource, wanted] : pod.requests) {
    std::int64_t used = 0;
    for (const auto& [uid, amounts] : node.admitted) {
      const auto it = amounts.find(resource);
      if (it != amounts.end()) used = Sum(used, it->second);
    }
    const std::int64_t capacity = node.allocatable[resource];
    if (wanted == 0 || Sum(used, wanted) <= capacity) continue;
    ++view_.counters.double_bookings;
    return Reject(pod, "OutOf" + resource,
                  "Pod Node didn't have enough resource: " + resource +
                      ", requested: " + std::to_string(wanted) + ", used: " + std::to_string(used) +
                      ", capacity: " + std::to_string(capacity) + " (thousandths)");
  }
  node.admitted[pod.uid] = pod.requests;
  ++view_.counters.admitted;
  if (!pod.gang.empty()) {
    GangStart& gang = view_.gangs[Key(pod.ns, pod.gang)];
    if (gang.admitted++ == 0) gang.first = now;
    gang.last = now;
  }
  return {.kind = KubeletAction::Kind::kStart, .pod = pod};
}

}  // namespace fairlead::e2e
