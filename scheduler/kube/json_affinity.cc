// Affinity of core/v1 Pods from JSON.
#include "scheduler/kube/json_walk.h"

namespace fairlead::kube {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

error_code ReadRequirement(JsonPath* path, JsonValue value, RawPod* out) {
  RawRequirement& to = out->requirements.emplace_back();
  to.values.begin = to.values.end = out->texts.size();
  return EachMember(path, value, [=, &to](std::string_view key, JsonValue member) -> error_code {
    if (key == "key") return ReadString(member, &to.key);
    if (key == "operator") return ReadString(member, &to.op);
    if (key != "values") return simdjson::SUCCESS;
    to.values.begin = out->texts.size();
    const error_code read = EachElement(path, member, [out](std::int32_t, JsonValue text) {
      return ReadString(text, &out->texts.emplace_back());
    });
    to.values.end = out->texts.size();
    return read;
  });
}

error_code ReadRequirements(JsonPath* path, JsonValue value, RawPod* out, RawSpan* span) {
  span->begin = out->requirements.size();
  const error_code read = EachElement(path, value, [=](std::int32_t, JsonValue element) {
    return ReadRequirement(path, element, out);
  });
  span->end = out->requirements.size();
  return read;
}

error_code ReadNodeTerm(JsonPath* path, JsonValue value, RawPod* out) {
  RawNodeTerm& to = out->node_terms.emplace_back();
  return EachMember(path, value, [=, &to](std::string_view key, JsonValue member) {
    if (key == "matchExpressions") return ReadRequirements(path, member, out, &to.labels);
    if (key == "matchFields") return ReadRequirements(path, member, out, &to.fields);
    return simdjson::SUCCESS;
  });
}

error_code ReadNodeSelector(JsonPath* path, JsonValue value, RawPod* out) {
  out->node_affinity = true;
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key != "nodeSelectorTerms") return simdjson::SUCCESS;
    return EachElement(path, member, [=](std::int32_t, JsonValue element) {
      return ReadNodeTerm(path, element, out);
    });
  });
}

// visit(value) for the member that says what is required.
template <typename Visit>
error_code ReadRequired(JsonPath* path, JsonValue value, Visit visit) {
  return EachMember(path, value, [visit](std::string_view key, JsonValue member) {
    return key == kRequired ? visit(member) : simdjson::SUCCESS;
  });
}

}  // namespace

error_code ReadNonEmpty(JsonPath* path, JsonValue value, bool* out) {
  return EachElement(path, value, [out](std::int32_t, JsonValue) {
    *out = true;
    return simdjson::SUCCESS;
  });
}

error_code ReadJsonAffinity(JsonPath* path, JsonValue value, RawPod* out) {
  RawUnsupported* unsupported = &out->unsupported;
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "nodeAffinity") {
      return ReadRequired(
          path, member, [=](JsonValue selector) { return ReadNodeSelector(path, selector, out); });
    }
    if (key == "podAffinity") {
      return ReadRequired(path, member, [=](JsonValue terms) {
        return ReadNonEmpty(path, terms, &unsupported->pod_affinity);
      });
    }
    if (key == "podAntiAffinity") {
      return ReadRequired(path, member, [=](JsonValue terms) {
        return ReadNonEmpty(path, terms, &unsupported->pod_anti_affinity);
      });
    }
    return simdjson::SUCCESS;
  });
}

}  // namespace fairlead::kube
