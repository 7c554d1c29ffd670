// Affinity of core/v1 Pods. Field numbers are those of k8s.io/api/core/v1.
#include "scheduler/kube/proto_wire.h"

namespace fairlead::kube {
namespace {

void ReadRequirement(pbf_reader requirement, RawPod* out) {
  RawRequirement& to = out->requirements.emplace_back();
  to.values.begin = out->texts.size();
  while (requirement.next()) {
    switch (requirement.tag_and_type()) {
      case Bytes(1):
        to.key = View(&requirement);
        break;
      case Bytes(2):
        to.op = View(&requirement);
        break;
      case Bytes(3):
        out->texts.push_back(View(&requirement));
        break;
      default:
        requirement.skip();
    }
  }
  to.values.end = out->texts.size();
}

// One of the two lists of a term. They may come interleaved, so each is read in a walk of its own.
RawSpan ReadRequirements(pbf_reader term, std::uint32_t field, RawPod* out) {
  RawSpan span{out->requirements.size(), 0};
  while (term.next()) {
    if (term.tag_and_type() == Bytes(field)) {
      ReadRequirement(term.get_message(), out);
    } else {
      term.skip();
    }
  }
  span.end = out->requirements.size();
  return span;
}

void ReadNodeSelector(pbf_reader selector, RawPod* out) {
  out->node_affinity = true;
  while (selector.next()) {
    if (selector.tag_and_type() == Bytes(1)) {
      const pbf_reader term = selector.get_message();
      const RawSpan labels = ReadRequirements(term, 1, out);
      out->node_terms.push_back({labels, ReadRequirements(term, 2, out)});
    } else {
      selector.skip();
    }
  }
}

// Field 1 of NodeAffinity, PodAffinity and PodAntiAffinity: what is required.
bool HasRequired(pbf_reader affinity) {
  bool found = false;
  while (affinity.next()) {
    found = found || affinity.tag_and_type() == Bytes(1);
    affinity.skip();
  }
  return found;
}

void ReadNodeAffinity(pbf_reader affinity, RawPod* out) {
  while (affinity.next()) {
    if (affinity.tag_and_type() == Bytes(1)) {
      ReadNodeSelector(affinity.get_message(), out);
    } else {
      affinity.skip();
    }
  }
}

}  // namespace

void ReadAffinity(pbf_reader affinity, RawPod* out) {
  while (affinity.next()) {
    switch (affinity.tag_and_type()) {
      case Bytes(1):
        ReadNodeAffinity(affinity.get_message(), out);
        break;
      case Bytes(2):
        out->unsupported.pod_affinity = HasRequired(affinity.get_message());
        break;
      case Bytes(3):
        out->unsupported.pod_anti_affinity = HasRequired(affinity.get_message());
        break;
      default:
        affinity.skip();
    }
  }
}

}  // namespace fairlead::kube
