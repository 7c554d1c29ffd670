// What changes when a configuration is read anew, by the table of fields.
#include <algorithm>
#include <map>
#include <utility>

#include "config/fields.h"
#include "fairlead/queues/amounts.h"

namespace fairlead {
namespace {

using config::Field;
using config::FieldKind;

std::string Decimal(std::int64_t millionths) {
  std::string text = fmt::format("{}.{:06}", millionths / kWeightOne, millionths % kWeightOne);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string Show(FieldKind, const std::string& text) {
  return text.empty() ? "none" : fmt::format("'{}'", text);
}
std::string Show(FieldKind, const std::vector<std::string>& list) {
  return fmt::format("[{}]", fmt::join(list, ", "));
}
std::string Show(FieldKind, bool flag) { return flag ? "true" : "false"; }
std::string Show(FieldKind kind, std::int64_t number) {
  return kind == FieldKind::kDecimal ? Decimal(number) : fmt::format("{}", number);
}
std::string Show(FieldKind, std::int32_t number) { return fmt::format("{}", number); }
std::string Show(FieldKind, const std::optional<std::int64_t>& cap) {
  return cap ? fmt::format("{}", *cap) : "none";
}
std::string Show(FieldKind, Duration duration) { return FormatDuration(duration); }
std::string Show(FieldKind, const NamedAmounts& amounts) { return FormatAmounts(amounts); }
std::string Show(FieldKind, LeafOrder order) { return std::string(LeafOrderName(order)); }
std::string Show(FieldKind, QueueState state) { return std::string(QueueStateName(state)); }

// "PREFIX" and "KEY OLD -> NEW" for each field that differs.
template <typename T>
void Compare(std::span<const Field<T>> fields, const std::string& prefix, const T& before,
             const T& after, std::vector<std::string>* lines) {
  for (const Field<T>& field : fields) {
    std::visit(
        [&](auto member) {
          if (before.*member == after.*member) return;
          lines->push_back(fmt::format("{}{} {} -> {}", prefix, field.key,
                                       Show(field.kind, before.*member),
                                       Show(field.kind, after.*member)));
        },
        field.member);
  }
}

// The entries of a list that are known by their names.
template <typename T>
void CompareNamed(std::string_view what, std::span<const Field<T>> fields,
                  const std::vector<T>& before, const std::vector<T>& after,
                  std::vector<std::string>* lines) {
  std::map<std::string, const T*> old;
  for (const T& entry : before) old[entry.name] = &entry;
  for (const T& entry : after) {
    const auto it = old.find(entry.name);
    const std::string prefix = fmt::format("{} {}: ", what, entry.name);
    if (it == old.end()) {
      lines->push_back(prefix + "added");
      continue;
    }
    Compare(fields, prefix, *it->second, entry, lines);
    old.erase(it);
  }
  for (const auto& [name, entry] : old) lines->push_back(fmt::format("{} {}: removed", what, name));
}

}  // namespace

ConfigChanges CompareConfigs(const Config& before, const Config& after) {
  ConfigChanges changes;
  const Config live = WithLiveParts(before, after);
  const Policy& from = before.policy;
  const Policy& to = live.policy;
  CompareNamed("queue", config::QueueFields(), from.queues, to.queues, &changes.live);
  CompareNamed("tenant", config::TenantFields(), from.tenants, to.tenants, &changes.live);
  Compare(config::PolicyFields(), "policy.", from, to, &changes.live);
  Compare(config::AgingFields(), "policy.aging.", from.aging, to.aging, &changes.live);
  Compare(config::HistoryFields(), "policy.history.", from.history, to.history, &changes.live);

  CompareNamed("topology level", config::TopologyFields(), from.topology, to.topology,
               &changes.live);

  // What is left differs from what is in force without a restart.
  Compare(config::RootFields(), "", live, after, &changes.restart);
  for (const config::Section& section : config::Sections()) {
    Compare(section.fields, fmt::format("{}.", section.key), live, after, &changes.restart);
  }
  Compare(config::PolicyFields(), "policy.", live.policy, after.policy, &changes.restart);
  return changes;
}

Config WithLiveParts(const Config& running, const Config& read) {
  Config live = running;
  live.policy = read.policy;
  // The decoder of the API's objects holds it too.
  live.policy.max_gang_size = running.policy.max_gang_size;
  return live;
}

}  // namespace fairlead
