// Nodes. The plugin TaintNodesByCondition is off: a new node has the taints that it was given.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

void Defaults(const Writing& writing) {
  const json::object* capacity = FindObject(*writing.object, {"status", "capacity"});
  if (capacity != nullptr && FindObject(*writing.object, {"status", "allocatable"}) == nullptr) {
    json::object copy = *capacity;
    At(writing.object, {"status", "allocatable"}) = std::move(copy);
  }
  const std::string cidr(GetString(*writing.object, {"spec", "podCIDR"}));
  const json::array* cidrs = FindArray(*writing.object, {"spec", "podCIDRs"});
  // The newer field follows the older one, of which it is a list.
  if (!cidr.empty() && (cidrs == nullptr || cidrs->empty() || TextOf(cidrs->front()) != cidr)) {
    json::array list;
    list.emplace_back(Str(cidr));
    At(writing.object, {"spec", "podCIDRs"}) = std::move(list);
  } else if (cidr.empty() && cidrs != nullptr && !cidrs->empty()) {
    json::string first = Str(TextOf(cidrs->front()));
    At(writing.object, {"spec", "podCIDR"}) = std::move(first);
  }
}

void Reset(const Writing& writing) {
  if (writing.old == nullptr) return;
  KeepOld(*writing.old, writing.status() ? "spec" : "status", writing.object);
}

std::string GoTaint(const json::object& taint) {
  return fmt::format("core.Taint{{Key:{}, Value:{}, Effect:{}, TimeAdded:<nil>}}",
                     Quoted(GetString(taint, {"key"})), Quoted(GetString(taint, {"value"})),
                     Quoted(GetString(taint, {"effect"})));
}

void CheckTaints(const json::object& node, Findings* findings) {
  std::set<std::string> seen;
  EachObject(node, {"spec", "taints"}, "metadata.taints",
             [&](const json::object& taint, const std::string& at) {
               const std::string_view key = GetString(taint, {"key"});
               CheckLabelKey(key, at + ".key", findings);
               const std::string_view value = GetString(taint, {"value"});
               findings->All(at + ".value", value, LabelValueComplaints(value));
               const std::string_view effect = GetString(taint, {"effect"});
               if (effect.empty()) {
                 findings->Required(at + ".effect");
               } else {
                 CheckTaintEffect(effect, at + ".effect", findings);
               }
               if (!seen.insert(fmt::format("{}:{}", key, effect)).second) {
                 findings->Duplicate(
                     at, GoTaint(taint) + ": taints must be unique by key and effect pair");
               }
             });
}

void CheckAmounts(const json::object& node, Findings* findings) {
  for (const char* list : {"capacity", "allocatable"}) {
    const json::object* amounts = FindObject(node, {"status", list});
    if (amounts == nullptr) continue;
    for (const auto& entry : *amounts) {
      CheckQuantity(KeyOf(entry), TextOf(entry.value()),
                    fmt::format("status.{}.{}", list, KeyOf(entry)), findings);
    }
  }
}

bool IsCidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view bits = text.substr(slash + 1);
  int count = -1;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
  if (error != std::errc() || end != bits.data() + bits.size() || bits.front() == '-') return false;
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return count <= 32;
  return inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1 && count <= 128;
}

void CheckCidrs(const json::object& node, Findings* findings) {
  const json::array* cidrs = FindArray(node, {"spec", "podCIDRs"});
  if (cidrs == nullptr) return;
  std::string all;
  for (const json::value& one : *cidrs) all += (all.empty() ? "" : ", ") + QuotedValue(one);
  for (std::size_t i = 0; i < cidrs->size(); ++i) {
    if (IsCidr(TextOf((*cidrs)[i]))) continue;
    findings->Invalid(fmt::format("spec.podCIDRs[{}]", i), "[]string{" + all + "}",
                      "must be valid CIDR");
  }
}

void Check(const Writing& writing, Findings* findings) {
  CheckTaints(*writing.object, findings);
  // On an update the status is the old one, which was checked when it was written.
  if (writing.old == nullptr) CheckAmounts(*writing.object, findings);
  CheckCidrs(*writing.object, findings);
}

bool SameField(const json::object& a, const json::object& b, std::string_view field) {
  const json::value* x = Find(a, {"spec", field});
  const json::value* y = Find(b, {"spec", field});
  return x == nullptr || y == nullptr ? x == y : *x == *y;
}

void CheckUpdate(const Writing& writing, Findings* findings) {
  const json::object& old = *writing.old;
  const json::object& now = *writing.object;
  bool other = false;
  CheckTaints(now, findings);
  if (!SameField(old, now, "podCIDRs") && Find(old, {"spec", "podCIDRs"}) != nullptr) {
    findings->Forbidden("spec.podCIDRs",
                        "node updates may not change podCIDR except from \"\" to valid");
    other = true;
  }
  if (!SameField(old, now, "providerID") && Find(old, {"spec", "providerID"}) != nullptr) {
    findings->Forbidden("spec.providerID",
                        "node updates may not change providerID except from \"\" to valid");
    other = true;
  }
  other |= !SameField(old, now, "externalID");
  if (!other) return;
  findings->Forbidden("[]",
                      writing.current()
                          ? "node updates may only change labels, taints, or capacity"
                          : "node updates may only change labels, taints, or capacity (or "
                            "configSource, if the DynamicKubeletConfig feature gate is enabled)");
}

void CheckStatus(const Writing& writing, Findings* findings) {
  CheckAmounts(*writing.object, findings);
  std::set<std::string> seen;
  EachObject(*writing.object, {"status", "addresses"}, "status.addresses",
             [&](const json::object& address, const std::string& at) {
               const std::string text = fmt::format("core.NodeAddress{{Type:{}, Address:{}}}",
                                                    Quoted(GetString(address, {"type"})),
                                                    Quoted(GetString(address, {"address"})));
               if (!seen.insert(text).second) findings->Duplicate(at, text);
             });
}

}  // namespace

const KindRules& NodeRules() {
  static constexpr KindRules kRules = {
      .storage = "nodes",
      .meta = MetaRules::kCore,
      .defaults = Defaults,
      .reset = Reset,
      .check = Check,
      .check_update = CheckUpdate,
      .check_status = CheckStatus,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
