#include "scheduler/cli/demo_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <tuple>

namespace fairlead::cli {
namespace {

namespace json = boost::json;

const json::value* Step(const json::value* at, const char* key) {
  const json::object* object = at == nullptr ? nullptr : at->if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

template <typename... Keys>
const json::value* Find(const json::value* at, Keys... keys) {
  ((at = Step(at, keys)), ...);
  return at;
}

std::string Text(const json::value* at) {
  const json::string* text = at == nullptr ? nullptr : at->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

std::int64_t Number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "0,3,5": indexes of devices; what follows a colon in a part is of no interest here.
std::vector<std::int64_t> Devices(std::string_view text) {
  std::vector<std::int64_t> devices;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    devices.push_back(Number(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return devices;
}

std::int64_t GpusOf(const json::value& pod) {
  std::int64_t sum = 0;
  const json::value* containers = Find(&pod, "spec", "containers");
  const json::array* list = containers == nullptr ? nullptr : containers->if_array();
  if (list == nullptr) return 0;
  for (const json::value& container : *list) {
    sum += Number(Text(Find(&container, "resources", "limits", "nvidia.com/gpu")));
  }
  return sum;
}

std::string WaitsFor(const json::value& pod) {
  const json::value* conditions = Find(&pod, "status", "conditions");
  const json::array* list = conditions == nullptr ? nullptr : conditions->if_array();
  if (list == nullptr) return "";
  for (const json::value& condition : *list) {
    if (Text(Find(&condition, "type")) == "PodScheduled" &&
        Text(Find(&condition, "status")) == "False") {
      return Text(Find(&condition, "message"));
    }
  }
  return "";
}

std::string Key(std::string_view ns, std::string_view name) {
  return fmt::format("{}/{}", ns, name);
}

std::int64_t Millis(Duration d) { return d.ns / 1'000'000; }

}  // namespace

std::optional<DemoEvent> DemoEventFrom(std::string_view line) {
  boost::system::error_code error;
  const json::value parsed = json::parse({line.data(), line.size()}, error);
  if (error) return std::nullopt;
  const std::string type = Text(Find(&parsed, "type"));
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") return std::nullopt;
  const json::value* object = Find(&parsed, "object");
  if (object == nullptr || !object->is_object()) return std::nullopt;
  DemoEvent event;
  event.deleted = type == "DELETED";
  DemoPod& pod = event.pod;
  pod.ns = Text(Find(object, "metadata", "namespace"));
  pod.name = Text(Find(object, "metadata", "name"));
  pod.gang = Text(Find(object, "metadata", "labels", "job-name"));
  if (pod.gang.empty()) pod.gang = pod.name;
  pod.gpus = GpusOf(*object);
  pod.node = Text(Find(object, "spec", "nodeName"));
  pod.devices =
      Devices(Text(Find(object, "metadata", "annotations", "fairlead.dev/gpu-assignment")));
  const std::string phase = Text(Find(object, "status", "phase"));
  pod.ended = phase == "Succeeded" || phase == "Failed";
  pod.waits_for = WaitsFor(*object);
  return event;
}

std::string NamespaceOf(std::string_view tenant) { return fmt::format("team-{}", tenant); }

std::vector<NamedNode> NodesOf(const DemoScenario& scenario) {
  std::vector<NamedNode> nodes;
  std::int64_t rack = -1;
  for (const DemoNodes& group : scenario.nodes) {
    for (std::int64_t i = 0; i < group.count; ++i) {
      if (i % group.per_rack == 0) ++rack;
      nodes.push_back(
          {fmt::format("node-{:03}", nodes.size()), fmt::format("rack-{}", rack), &group});
    }
  }
  return nodes;
}

DemoView::DemoView(const DemoScenario& scenario) : expected_(scenario.gangs.size()) {
  for (const QueueSpec& spec : scenario.tenants) {
    tenant_of_ns_[NamespaceOf(spec.name)] = tenants_.size();
    Tenant tenant;
    tenant.spec = spec;
    tenants_.push_back(std::move(tenant));
  }
  for (const NamedNode& node : NodesOf(scenario)) {
    if (racks_.empty() || racks_.back().name != node.rack) racks_.push_back({node.rack, {}});
    place_[node.name] = {racks_.size() - 1, racks_.back().nodes.size()};
    racks_.back().nodes.push_back(
        {node.name, std::vector<int>(static_cast<std::size_t>(node.group->gpus), -1)});
  }
}

// Adds up what was held since the last event.
void DemoView::Advance(Instant now) {
  const std::int64_t passed = last_ ? Millis(now - *last_) : 0;
  if (last_ && passed <= 0) return;
  const bool contended =
      std::all_of(tenants_.begin(), tenants_.end(), [](const Tenant& t) { return t.waiting > 0; });
  if (contended) contended_ms_ += passed;
  for (Tenant& tenant : tenants_) {
    tenant.result.gpu_ms += tenant.allocated * passed;
    if (contended) tenant.result.contended_gpu_ms += tenant.allocated * passed;
  }
  // What a millisecond leaves over counts with the next event.
  last_ = last_ ? *last_ + Duration::Milliseconds(passed) : now;
}

DemoView::Gang* DemoView::Find(std::string_view ns, const std::string& name) {
  const auto found = gangs_.find(Key(ns, name));
  return found == gangs_.end() ? nullptr : &found->second;
}

void DemoView::Submitted(const DemoGang& spec, Instant now) {
  Advance(now);
  const auto tenant = tenant_of_ns_.find(NamespaceOf(spec.tenant));
  if (tenant == tenant_of_ns_.end()) return;
  Gang gang;
  gang.spec = spec;
  gang.tenant = tenant->second;
  gang.submitted = now;
  if (!gangs_.emplace(Key(tenant->first, spec.name), std::move(gang)).second) return;
  tenants_[tenant->second].waiting += 1;
  tenants_[tenant->second].waiting_gpus += spec.total_gpus();
}

void DemoView::Upsert(const DemoPod& pod, Instant now) {
  Advance(now);
  Gang* gang = Find(pod.ns, pod.gang);
  if (gang == nullptr) return;
  if (pod.node.empty()) {
    if (!pod.waits_for.empty()) gang->reason = pod.waits_for;
    return;
  }
  if (!gang->bound.contains(pod.name)) Bind(pod, gang, now);
  if (pod.ended) End(pod, gang);
}

void DemoView::Bind(const DemoPod& pod, Gang* gang, Instant now) {
  Tenant& tenant = tenants_[gang->tenant];
  gang->bound.insert(pod.name);
  ++pods_bound_;
  if (!pod.ended) {
    tenant.allocated += pod.gpus;
    holding_[Key(pod.ns, pod.name)] = pod;
    Paint(pod, static_cast<int>(gang->tenant));
  }
  if (gang->started || std::ssize(gang->bound) < gang->spec.pods) return;
  gang->started = true;
  ++running_;
  tenant.waiting -= 1;
  tenant.waiting_gpus -= gang->spec.total_gpus();
  tenant.result.gangs += 1;
  const Duration waited = now - gang->submitted;
  tenant.waits_ns.push_back(waited.ns);
  starts_.push_back(
      {gang->spec.tenant, gang->spec.name, gang->spec.pods, gang->spec.total_gpus(), waited, ""});
}

void DemoView::End(const DemoPod& pod, Gang* gang) {
  Release(Key(pod.ns, pod.name));
  gang->ended.insert(pod.name);
  if (gang->done || !gang->started || std::ssize(gang->ended) < gang->spec.pods) return;
  gang->done = true;
  --running_;
  ++ended_;
}

void DemoView::Release(const std::string& key) {
  const auto held = holding_.find(key);
  if (held == holding_.end()) return;
  const DemoPod& pod = held->second;
  if (const auto tenant = tenant_of_ns_.find(pod.ns); tenant != tenant_of_ns_.end()) {
    tenants_[tenant->second].allocated -= pod.gpus;
  }
  Paint(pod, -1);
  holding_.erase(held);
}

void DemoView::Remove(std::string_view ns, std::string_view name, Instant now) {
  Advance(now);
  Release(Key(ns, name));
}

void DemoView::Paint(const DemoPod& pod, int owner) {
  const auto place = place_.find(pod.node);
  if (place == place_.end()) return;
  std::vector<int>& gpus = racks_[place->second.first].nodes[place->second.second].gpus;
  for (const std::int64_t device : pod.devices) {
    if (device >= 0 && device < std::ssize(gpus)) gpus[static_cast<std::size_t>(device)] = owner;
  }
}

std::vector<TenantRow> DemoView::Tenants() const {
  std::vector<TenantRow> rows;
  for (const Tenant& tenant : tenants_) {
    rows.push_back({tenant.spec.name, tenant.spec.weight, tenant.allocated + tenant.waiting_gpus,
                    tenant.allocated});
  }
  return rows;
}

std::vector<RackRow> DemoView::Racks() const { return racks_; }

std::vector<GangRow> DemoView::Waiting(Instant now) const {
  std::vector<GangRow> rows;
  for (const auto& [key, gang] : gangs_) {
    if (gang.started) continue;
    rows.push_back({gang.spec.tenant, gang.spec.name, gang.spec.pods, gang.spec.total_gpus(),
                    now - gang.submitted, gang.reason});
  }
  std::sort(rows.begin(), rows.end(), [](const GangRow& a, const GangRow& b) {
    return std::tie(b.waited, a.tenant, a.name) < std::tie(a.waited, b.tenant, b.name);
  });
  return rows;
}

std::vector<GangRow> DemoView::StartsAfter(std::size_t seen) const {
  seen = std::min(seen, starts_.size());
  return {starts_.begin() + static_cast<std::ptrdiff_t>(seen), starts_.end()};
}

DemoResult DemoView::Result(Instant now) {
  Advance(now);
  DemoResult result;
  result.pods_bound = pods_bound_;
  result.gangs_started = std::ssize(starts_);
  result.gangs_total = static_cast<std::int64_t>(expected_);
  result.contended_ms = contended_ms_;
  for (const Tenant& tenant : tenants_) {
    TenantResult row = tenant.result;
    row.name = tenant.spec.name;
    row.weight = tenant.spec.weight;
    std::vector<std::int64_t> waits = tenant.waits_ns;
    std::sort(waits.begin(), waits.end());
    if (!waits.empty()) {
      std::int64_t sum = 0;
      for (const std::int64_t wait : waits) sum += wait / std::ssize(waits);
      row.wait_mean = Duration{sum};
      // The nearest rank: the smallest wait that at least 90 % do not exceed.
      row.wait_p90 = Duration{waits[(waits.size() * 9 + 9) / 10 - 1]};
    }
    result.tenants.push_back(std::move(row));
  }
  return result;
}

}  // namespace fairlead::cli
