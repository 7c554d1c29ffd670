// Affinity of core/v1 Pods from JSON.
#include "scheduler/kube/json_walk.h"

namespace fairlead::kube {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

error_code ReadTexts(JsonPath* path, JsonValue value, RawPod* out, RawSpan* span) {
  span->begin = out->texts.size();
  const error_code read = EachElement(path, value, [out](std::int32_t, JsonValue text) {
    return ReadString(text, &out->texts.emplace_back());
  });
  span->end = out->texts.size();
  return read;
}

error_code ReadRequirement(JsonPath* path, JsonValue value, RawPod* out) {
  RawRequirement& to = out->requirements.emplace_back();
  return EachMember(path, value, [=, &to](std::string_view key, JsonValue member) -> error_code {
    if (key == "key") return ReadString(member, &to.key);
    if (key == "operator") return ReadString(member, &to.op);
    return key == "values" ? ReadTexts(path, member, out, &to.values) : simdjson::SUCCESS;
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

error_code ReadNodeTerm(JsonPath* path, JsonValue value, RawPod* out, RawNodeTerm* to) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "matchExpressions") return ReadRequirements(path, member, out, &to->labels);
    if (key == "matchFields") return ReadRequirements(path, member, out, &to->fields);
    return simdjson::SUCCESS;
  });
}

error_code ReadPreferred(JsonPath* path, JsonValue value, RawPod* out) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    RawNodeTerm* const to = &out->preferred.emplace_back();
    return EachMember(path, element, [=](std::string_view key, JsonValue member) {
      if (key == "weight") return ReadInt32(member, &to->weight);
      if (key == "preference") return ReadNodeTerm(path, member, out, to);
      return simdjson::SUCCESS;
    });
  });
}

}  // namespace

error_code ReadJsonNodeSelector(JsonPath* path, JsonValue value, RawPod* out) {
  out->node_affinity = true;
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key != "nodeSelectorTerms") return simdjson::SUCCESS;
    return EachElement(path, member, [=](std::int32_t, JsonValue element) {
      return ReadNodeTerm(path, element, out, &out->node_terms.emplace_back());
    });
  });
}

namespace {

error_code ReadLabelSelector(JsonPath* path, JsonValue value, RawPod* out, RawLabelSelector* to) {
  to->stated = true;
  return EachMember(path, value, [=](std::string_view key, JsonValue member) -> error_code {
    if (key == "matchExpressions") return ReadRequirements(path, member, out, &to->requirements);
    if (key != "matchLabels") return simdjson::SUCCESS;
    to->pairs.begin = out->pairs.size();
    const error_code read = ReadStringMap(path, member, &out->pairs);
    to->pairs.end = out->pairs.size();
    return read;
  });
}

error_code ReadPodTerm(JsonPath* path, JsonValue value, RawPod* out, RawPodTerm* to) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "labelSelector") return ReadLabelSelector(path, member, out, &to->pods);
    if (key == "namespaceSelector") {
      return ReadLabelSelector(path, member, out, &to->namespace_labels);
    }
    if (key == "namespaces") return ReadTexts(path, member, out, &to->namespaces);
    if (key == "matchLabelKeys") return ReadTexts(path, member, out, &to->match_keys);
    if (key == "mismatchLabelKeys") return ReadTexts(path, member, out, &to->mismatch_keys);
    if (key == "topologyKey") return ReadString(member, &to->topology);
    return simdjson::SUCCESS;
  });
}

error_code ReadPodTerms(JsonPath* path, JsonValue value, RawPod* out, RawList<RawPodTerm>* terms) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    return ReadPodTerm(path, element, out, &terms->emplace_back());
  });
}

error_code ReadWeightedTerms(JsonPath* path, JsonValue value, RawPod* out,
                             RawList<RawPodTerm>* terms) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    RawPodTerm* const to = &terms->emplace_back();
    return EachMember(path, element, [=](std::string_view key, JsonValue member) {
      if (key == "weight") return ReadInt32(member, &to->weight);
      return key == "podAffinityTerm" ? ReadPodTerm(path, member, out, to) : simdjson::SUCCESS;
    });
  });
}

// Affinity or anti-affinity to pods: what is required, and what is preferred.
error_code ReadPodAffinity(JsonPath* path, JsonValue value, RawPod* out,
                           RawList<RawPodTerm>* required, RawList<RawPodTerm>* preferred) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == kRequired) return ReadPodTerms(path, member, out, required);
    return key == kPreferred ? ReadWeightedTerms(path, member, out, preferred) : simdjson::SUCCESS;
  });
}

error_code ReadSpread(JsonPath* path, JsonValue value, RawPod* out, RawSpread* to) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "labelSelector") return ReadLabelSelector(path, member, out, &to->pods);
    if (key == "matchLabelKeys") return ReadTexts(path, member, out, &to->match_keys);
    if (key == "topologyKey") return ReadString(member, &to->topology);
    if (key == "whenUnsatisfiable") return ReadString(member, &to->action);
    if (key == "maxSkew") return ReadInt32(member, &to->max_skew);
    if (key == "minDomains") return ReadInt32(member, &to->min_domains);
    if (key == "nodeAffinityPolicy") return ReadString(member, &to->node_affinity_policy);
    if (key == "nodeTaintsPolicy") return ReadString(member, &to->node_taints_policy);
    return simdjson::SUCCESS;
  });
}

}  // namespace

error_code ReadNonEmpty(JsonPath* path, JsonValue value, bool* out) {
  return EachElement(path, value, [out](std::int32_t, JsonValue) {
    *out = true;
    return simdjson::SUCCESS;
  });
}

error_code ReadJsonSpread(JsonPath* path, JsonValue value, RawPod* out) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    return ReadSpread(path, element, out, &out->spread.emplace_back());
  });
}

error_code ReadJsonAffinity(JsonPath* path, JsonValue value, RawPod* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "nodeAffinity") {
      return EachMember(path, member, [=](std::string_view kind, JsonValue terms) {
        if (kind == kRequired) return ReadJsonNodeSelector(path, terms, out);
        return kind == kPreferred ? ReadPreferred(path, terms, out) : simdjson::SUCCESS;
      });
    }
    if (key == "podAffinity") {
      return ReadPodAffinity(path, member, out, &out->near, &out->near_preferred);
    }
    if (key == "podAntiAffinity") {
      return ReadPodAffinity(path, member, out, &out->away, &out->away_preferred);
    }
    return simdjson::SUCCESS;
  });
}

}  // namespace fairlead::kube
