// What a pod says about where it may run: affinity, tolerations, spread; declared in
// admission_kinds.h.
#include <fmt/format.h>

#include <map>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kBadOperator = "not a valid selector operator";

std::size_t SizeOf(const json::object& object, std::string_view list) {
  const json::array* found = FindArray(object, {list});
  return found == nullptr ? 0 : found->size();
}

void CheckNodeExpression(const json::object& one, const std::string& at, Findings* findings) {
  const std::string_view op = GetString(one, {"operator"});
  const std::size_t values = SizeOf(one, "values");
  if (op == "In" || op == "NotIn") {
    if (values == 0) {
      findings->Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (values > 0) {
      findings->Forbidden(at + ".values",
                          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (values != 1) {
      findings->Required(at + ".values",
                         "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    findings->Invalid(at + ".operator", Quoted(op), kBadOperator);
  }
  CheckLabelKey(GetString(one, {"key"}), at + ".key", findings);
}

void CheckNodeField(const json::object& one, const std::string& at, Findings* findings) {
  const std::string_view op = GetString(one, {"operator"});
  if (op != "In" && op != "NotIn") {
    findings->Invalid(at + ".operator", Quoted(op), kBadOperator);
  } else if (SizeOf(one, "values") != 1) {
    findings->Required(
        at + ".values",
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  const std::string_view key = GetString(one, {"key"});
  if (key != "metadata.name") {
    findings->Invalid(at + ".key", Quoted(key), "not a valid field selector key");
    return;
  }
  const json::array* values = FindArray(one, {"values"});
  for (std::size_t i = 0; values != nullptr && i < values->size(); ++i) {
    const std::string_view name = TextOf((*values)[i]);
    findings->All(fmt::format("{}.values[{}]", at, i), name, DnsSubdomainComplaints(name));
  }
}

void CheckNodeTerm(const json::object& term, const std::string& field, Findings* findings) {
  EachObject(term, {"matchExpressions"}, field + ".matchExpressions",
             [&](const auto& one, const auto& at) { CheckNodeExpression(one, at, findings); });
  EachObject(term, {"matchFields"}, field + ".matchFields",
             [&](const auto& one, const auto& at) { CheckNodeField(one, at, findings); });
}

void CheckWeight(const json::object& preferred, const std::string& at, Findings* findings) {
  const std::int64_t weight = GetInt(preferred, {"weight"}, 0);
  if (weight < 1 || weight > 100) {
    findings->Invalid(at + ".weight", std::to_string(weight), "must be in the range 1-100");
  }
}

void CheckNodeAffinity(const json::object& affinity, const std::string& field, Findings* findings) {
  static constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
  static constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
  if (const json::object* required = FindObject(affinity, {kRequired})) {
    const std::string terms = fmt::format("{}.{}.nodeSelectorTerms", field, kRequired);
    if (SizeOf(*required, "nodeSelectorTerms") == 0) {
      findings->Required(terms, "must have at least one node selector term");
    }
    EachObject(*required, {"nodeSelectorTerms"}, terms,
               [&](const auto& term, const auto& at) { CheckNodeTerm(term, at, findings); });
  }
  EachObject(affinity, {kPreferred}, fmt::format("{}.{}", field, kPreferred),
             [&](const json::object& one, const std::string& at) {
               CheckWeight(one, at, findings);
               if (const json::object* term = FindObject(one, {"preference"})) {
                 CheckNodeTerm(*term, at + ".preference", findings);
               }
             });
}

void CheckPodTerm(const Writing& writing, const json::object& term, const std::string& at,
                  Findings* findings) {
  const bool current = writing.current();
  if (const json::object* selector = FindObject(term, {"labelSelector"})) {
    CheckLabelSelector(*selector, at + (current ? ".labelSelector" : ".matchExpressions"),
                       findings);
  }
  const json::array* namespaces = FindArray(term, {"namespaces"});
  for (std::size_t i = 0; namespaces != nullptr && i < namespaces->size(); ++i) {
    const std::string_view ns = TextOf((*namespaces)[i]);
    findings->All(current ? fmt::format("{}.namespaces[{}]", at, i) : at + ".namespace", ns,
                  DnsLabelComplaints(ns));
  }
  const std::string_view key = GetString(term, {"topologyKey"});
  if (key.empty()) findings->Required(at + ".topologyKey", "can not be empty");
  CheckLabelKey(key, at + ".topologyKey", findings);
}

void CheckPodAffinity(const Writing& writing, const json::object& affinity,
                      const std::string& field, Findings* findings) {
  EachObject(affinity, {"requiredDuringSchedulingIgnoredDuringExecution"},
             field + ".requiredDuringSchedulingIgnoredDuringExecution",
             [&](const auto& term, const auto& at) { CheckPodTerm(writing, term, at, findings); });
  EachObject(affinity, {"preferredDuringSchedulingIgnoredDuringExecution"},
             field + ".preferredDuringSchedulingIgnoredDuringExecution",
             [&](const json::object& one, const std::string& at) {
               CheckWeight(one, at, findings);
               if (const json::object* term = FindObject(one, {"podAffinityTerm"})) {
                 CheckPodTerm(writing, *term, at + ".podAffinityTerm", findings);
               }
             });
}

std::string GoToleration(const json::object& toleration) {
  const bool seconds = Find(toleration, {"tolerationSeconds"}) != nullptr;
  return fmt::format(
      "core.Toleration{{Key:{}, Operator:{}, Value:{}, Effect:{}, TolerationSeconds:(*int64)({})}}",
      Quoted(GetString(toleration, {"key"})), Quoted(GetString(toleration, {"operator"})),
      Quoted(GetString(toleration, {"value"})), Quoted(GetString(toleration, {"effect"})),
      seconds ? "0xc000000000" : "nil");
}

void CheckToleration(const json::object& toleration, const std::string& at, Findings* findings) {
  const std::string_view key = GetString(toleration, {"key"});
  const std::string_view op = GetString(toleration, {"operator"});
  const std::string_view effect = GetString(toleration, {"effect"});
  if (!key.empty()) CheckLabelKey(key, at + ".key", findings);
  if (key.empty() && op != "Exists") {
    findings->Invalid(at + ".operator", Quoted(op),
                      "operator must be Exists when `key` is empty, which means \"match all values "
                      "and all keys\"");
  }
  if (Find(toleration, {"tolerationSeconds"}) != nullptr && effect != "NoExecute") {
    findings->Invalid(at + ".effect", Quoted(effect),
                      "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  const std::string_view value = GetString(toleration, {"value"});
  if (op.empty() || op == "Equal") {
    findings->All(at + ".operator", value, LabelValueComplaints(value));
  } else if (op != "Exists") {
    findings->NotSupported(at + ".operator", Quoted(op), {"Equal", "Exists"});
  } else if (!value.empty()) {
    findings->Invalid(at + ".operator", GoToleration(toleration),
                      "value must be empty when `operator` is 'Exists'");
  }
  if (!effect.empty()) CheckTaintEffect(effect, at + ".effect", findings);
}

}  // namespace

void CheckTaintEffect(std::string_view effect, const std::string& field, Findings* findings) {
  if (effect == "NoSchedule" || effect == "PreferNoSchedule" || effect == "NoExecute") return;
  findings->NotSupported(field, Quoted(effect), {"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

void CheckAffinity(const Writing& writing, const json::object& affinity, const std::string& field,
                   Findings* findings) {
  if (const json::object* node = FindObject(affinity, {"nodeAffinity"})) {
    CheckNodeAffinity(*node, field + ".nodeAffinity", findings);
  }
  for (const char* name : {"podAffinity", "podAntiAffinity"}) {
    if (const json::object* pods = FindObject(affinity, {name})) {
      CheckPodAffinity(writing, *pods, fmt::format("{}.{}", field, name), findings);
    }
  }
}

void CheckTolerations(const json::object& spec, const std::string& field, Findings* findings) {
  EachObject(spec, {"tolerations"}, field,
             [&](const auto& one, const auto& at) { CheckToleration(one, at, findings); });
}

void CheckSpread(const Writing& writing, const json::object& spec, const std::string& field,
                 Findings* findings) {
  // Of equal pairs the earlier is named.
  std::map<std::string, int> pairs;
  const auto pair_of = [](const json::object& one) {
    return fmt::format("{{{}, {}}}", GetString(one, {"topologyKey"}),
                       GetString(one, {"whenUnsatisfiable"}));
  };
  EachObject(spec, {"topologySpreadConstraints"}, field,
             [&](const json::object& one, const auto&) { ++pairs[pair_of(one)]; });
  EachObject(spec, {"topologySpreadConstraints"}, field,
             [&](const json::object& one, const std::string& at) {
               const std::int64_t skew = GetInt(one, {"maxSkew"}, 0);
               if (skew <= 0) {
                 findings->Invalid(at + ".maxSkew", std::to_string(skew),
                                   "must be greater than zero");
               }
               const std::string_view key = GetString(one, {"topologyKey"});
               if (key.empty()) findings->Required(at + ".topologyKey", "can not be empty");
               const std::string_view when = GetString(one, {"whenUnsatisfiable"});
               if (when != "DoNotSchedule" && when != "ScheduleAnyway") {
                 findings->NotSupported(at + ".whenUnsatisfiable", Quoted(when),
                                        {"DoNotSchedule", "ScheduleAnyway"});
               }
               const std::string pair = pair_of(one);
               if (--pairs[pair] > 0) {
                 findings->Duplicate(at + ".{topologyKey, whenUnsatisfiable}", Quoted(pair));
               }
               const json::object* selector = FindObject(one, {"labelSelector"});
               if (writing.current() && selector != nullptr) {
                 CheckLabelSelector(*selector, at + ".labelSelector", findings);
               }
             });
}

}  // namespace fairlead::apiserver
