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

RawNodeTerm ReadNodeTerm(pbf_reader term, RawPod* out) {
  RawNodeTerm to;
  to.labels = ReadRequirements(term, 1, out);
  to.fields = ReadRequirements(term, 2, out);
  return to;
}

void ReadNodeSelector(pbf_reader selector, RawPod* out) {
  out->node_affinity = true;
  while (selector.next()) {
    if (selector.tag_and_type() == Bytes(1)) {
      out->node_terms.push_back(ReadNodeTerm(selector.get_message(), out));
    } else {
      selector.skip();
    }
  }
}

// All texts of a field.
RawSpan ReadTexts(pbf_reader message, std::uint32_t field, RawPod* out) {
  RawSpan span{out->texts.size(), 0};
  while (message.next()) {
    if (message.tag_and_type() == Bytes(field)) {
      out->texts.push_back(View(&message));
    } else {
      message.skip();
    }
  }
  span.end = out->texts.size();
  return span;
}

RawLabelSelector ReadLabelSelector(pbf_reader selector, RawPod* out) {
  RawLabelSelector to;
  to.stated = true;
  to.requirements = ReadRequirements(selector, 2, out);
  to.pairs.begin = out->pairs.size();
  while (selector.next()) {
    if (selector.tag_and_type() == Bytes(1)) {
      out->pairs.push_back(ReadPair(selector.get_message()));
    } else {
      selector.skip();
    }
  }
  to.pairs.end = out->pairs.size();
  return to;
}

RawPodTerm ReadPodTerm(pbf_reader term, RawPod* out) {
  RawPodTerm to;
  to.namespaces = ReadTexts(term, 2, out);
  to.match_keys = ReadTexts(term, 5, out);
  to.mismatch_keys = ReadTexts(term, 6, out);
  while (term.next()) {
    switch (term.tag_and_type()) {
      case Bytes(1):
        to.pods = ReadLabelSelector(term.get_message(), out);
        break;
      case Bytes(3):
        to.topology = View(&term);
        break;
      case Bytes(4):
        to.namespace_labels = ReadLabelSelector(term.get_message(), out);
        break;
      default:
        term.skip();
    }
  }
  return to;
}

RawPodTerm ReadWeightedTerm(pbf_reader weighted, RawPod* out) {
  std::int32_t weight = 0;
  RawPodTerm to;
  while (weighted.next()) {
    switch (weighted.tag_and_type()) {
      case Varint(1):
        weight = weighted.get_int32();
        break;
      case Bytes(2):
        to = ReadPodTerm(weighted.get_message(), out);
        break;
      default:
        weighted.skip();
    }
  }
  to.weight = weight;
  return to;
}

// PodAffinity and PodAntiAffinity: what is required, and what is preferred.
void ReadPodTerms(pbf_reader affinity, RawPod* out, RawList<RawPodTerm>* terms,
                  RawList<RawPodTerm>* preferred) {
  while (affinity.next()) {
    switch (affinity.tag_and_type()) {
      case Bytes(1):
        terms->push_back(ReadPodTerm(affinity.get_message(), out));
        break;
      case Bytes(2):
        preferred->push_back(ReadWeightedTerm(affinity.get_message(), out));
        break;
      default:
        affinity.skip();
    }
  }
}

RawNodeTerm ReadPreferred(pbf_reader preferred, RawPod* out) {
  std::int32_t weight = 0;
  RawNodeTerm to;
  while (preferred.next()) {
    switch (preferred.tag_and_type()) {
      case Varint(1):
        weight = preferred.get_int32();
        break;
      case Bytes(2):
        to = ReadNodeTerm(preferred.get_message(), out);
        break;
      default:
        preferred.skip();
    }
  }
  to.weight = weight;
  return to;
}

void ReadNodeAffinity(pbf_reader affinity, RawPod* out) {
  while (affinity.next()) {
    switch (affinity.tag_and_type()) {
      case Bytes(1):
        ReadNodeSelector(affinity.get_message(), out);
        break;
      case Bytes(2):
        out->preferred.push_back(ReadPreferred(affinity.get_message(), out));
        break;
      default:
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
        ReadPodTerms(affinity.get_message(), out, &out->near, &out->near_preferred);
        break;
      case Bytes(3):
        ReadPodTerms(affinity.get_message(), out, &out->away, &out->away_preferred);
        break;
      default:
        affinity.skip();
    }
  }
}

RawSpread ReadSpread(pbf_reader constraint, RawPod* pod) {
  RawSpread to;
  to.match_keys = ReadTexts(constraint, 8, pod);
  while (constraint.next()) {
    switch (constraint.tag_and_type()) {
      case Varint(1):
        to.max_skew = constraint.get_int32();
        break;
      case Bytes(2):
        to.topology = View(&constraint);
        break;
      case Bytes(3):
        to.action = View(&constraint);
        break;
      case Bytes(4):
        to.pods = ReadLabelSelector(constraint.get_message(), pod);
        break;
      case Varint(5):
        to.min_domains = constraint.get_int32();
        break;
      case Bytes(6):
        to.node_affinity_policy = View(&constraint);
        break;
      case Bytes(7):
        to.node_taints_policy = View(&constraint);
        break;
      default:
        constraint.skip();
    }
  }
  return to;
}

}  // namespace fairlead::kube
