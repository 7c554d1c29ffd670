// What a pod asks of its node, and whether it wants this node: the reading side of kubelet_node.h.
#include <algorithm>
#include <charconv>
#include <limits>

#include "fairlead/base/quantity.h"
#include "scheduler/apiserver/kubelet_node.h"

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kScale = 1000;

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::string_view Text(const json::value& value) {
  const json::string* text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

// A quantity too large to be counted asks for more than any node has.
std::int64_t Amount(const json::value& value) {
  const auto parsed = ParseQuantity(Text(value), kScale, Rounding::kUp);
  return parsed ? *parsed : std::numeric_limits<std::int64_t>::max();
}

Amounts AmountsOf(const json::object* map) {
  Amounts amounts;
  if (map == nullptr) return amounts;
  for (const auto& member : *map) amounts[std::string(member.key())] = Amount(member.value());
  return amounts;
}

Amounts RequestsOf(const json::object& container) {
  return AmountsOf(FindObject(container, {"resources", "requests"}));
}

void AddTo(Amounts* total, const Amounts& more) {
  for (const auto& [name, amount] : more) (*total)[name] = Sum((*total)[name], amount);
}

void RaiseTo(Amounts* total, const Amounts& least) {
  for (const auto& [name, amount] : least) (*total)[name] = std::max((*total)[name], amount);
}

template <typename Visit>
void EachObject(const json::array* array, const Visit& visit) {
  if (array == nullptr) return;
  for (const json::value& item : *array) {
    if (const json::object* object = item.if_object()) visit(*object);
  }
}

bool Contains(const json::array* values, std::string_view text) {
  return values != nullptr && std::any_of(values->begin(), values->end(),
                                          [&](const auto& value) { return Text(value) == text; });
}

bool Compare(std::string_view have, const json::array* values, bool greater) {
  if (values == nullptr || values->size() != 1) return false;
  const std::string_view limit = Text(values->front());
  std::int64_t left = 0;
  std::int64_t right = 0;
  const auto a = std::from_chars(have.data(), have.data() + have.size(), left);
  const auto b = std::from_chars(limit.data(), limit.data() + limit.size(), right);
  if (a.ec != std::errc() || b.ec != std::errc()) return false;
  if (a.ptr != have.data() + have.size() || b.ptr != limit.data() + limit.size()) return false;
  return greater ? left > right : left < right;
}

// One matchExpressions entry; `have` null: the key is absent.
bool Holds(const json::object& expression, const std::string_view* have) {
  const std::string_view op = GetString(expression, {"operator"});
  const json::array* values = FindArray(expression, {"values"});
  if (op == "Exists") return have != nullptr;
  if (op == "DoesNotExist") return have == nullptr;
  if (op == "In") return have != nullptr && Contains(values, *have);
  if (op == "NotIn") return have == nullptr || !Contains(values, *have);
  if (op == "Gt" || op == "Lt") return have != nullptr && Compare(*have, values, op == "Gt");
  return false;
}

bool TermMatches(const json::object& term, const json::object* labels, std::string_view name) {
  bool all = true;
  bool any = false;
  EachObject(FindArray(term, {"matchExpressions"}), [&](const json::object& expression) {
    any = true;
    const std::string_view key = GetString(expression, {"key"});
    const json::value* found = labels == nullptr ? nullptr : Find(*labels, {key});
    const std::string_view have = found == nullptr ? std::string_view() : Text(*found);
    all = all && Holds(expression, found == nullptr ? nullptr : &have);
  });
  EachObject(FindArray(term, {"matchFields"}), [&](const json::object& expression) {
    any = true;
    all = all && GetString(expression, {"key"}) == "metadata.name" && Holds(expression, &name);
  });
  return any && all;
}

}  // namespace

Amounts PodRequests(const json::object& pod) {
  Amounts total;
  Amounts lasting;  // of init containers that keep running
  Amounts peak;     // while init containers run, one after the other
  EachObject(FindArray(pod, {"spec", "initContainers"}), [&](const json::object& container) {
    Amounts needed = RequestsOf(container);
    if (GetString(container, {"restartPolicy"}) == "Always") {
      AddTo(&lasting, needed);
      RaiseTo(&peak, lasting);
    } else {
      AddTo(&needed, lasting);
      RaiseTo(&peak, needed);
    }
  });
  EachObject(FindArray(pod, {"spec", "containers"}),
             [&](const json::object& container) { AddTo(&total, RequestsOf(container)); });
  AddTo(&total, lasting);
  RaiseTo(&total, peak);
  for (const auto& [name, amount] : AmountsOf(FindObject(pod, {"spec", "resources", "requests"}))) {
    total[name] = amount;
  }
  AddTo(&total, AmountsOf(FindObject(pod, {"spec", "overhead"})));
  total["pods"] = kScale;
  return total;
}

bool NodeMatches(const json::object& pod, const json::object* labels, std::string_view node_name) {
  if (const json::object* selector = FindObject(pod, {"spec", "nodeSelector"})) {
    for (const auto& member : *selector) {
      const json::value* found = labels == nullptr ? nullptr : labels->if_contains(member.key());
      if (found == nullptr || Text(*found) != Text(member.value())) return false;
    }
  }
  const json::array* terms =
      FindArray(pod, {"spec", "affinity", "nodeAffinity",
                      "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
  if (terms == nullptr) return true;
  bool any = false;
  EachObject(terms,
             [&](const json::object& term) { any = any || TermMatches(term, labels, node_name); });
  return any;
}

}  // namespace fairlead::apiserver
