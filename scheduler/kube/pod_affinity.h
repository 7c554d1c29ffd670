// Affinity as a pod states it, from the intermediate form to the model's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/model/objects.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

template <typename T>
void SortUnique(std::vector<T>* list) {
  std::sort(list->begin(), list->end());
  list->erase(std::unique(list->begin(), list->end()), list->end());
}

// Reads the terms of a node selector, up to the first that cannot be read; returns what is wrong
// with that one.
std::string ReadNodeTerms(const RawPod& raw, std::vector<NodeTerm>* terms);

// Reads the node affinity into `shape`. Returns what of it cannot be kept: the field, what
// was found and what was expected; empty where all of it is understood.
std::string ReadNodeAffinity(const RawPod& raw, PodShape* shape);

// Whether a requirement may compare numbers (of nodes), or not (of pods).
enum class Comparing : std::uint8_t { kAllowed, kRefused };

// Returns what is wrong with the requirement, after its position; empty where nothing is.
std::string ReadRequirement(const RawPod& raw, const RawRequirement& from, Comparing comparing,
                            LabelRequirement* to);

// The same for affinity and anti-affinity to pods, spread, ports of the host, and claims to
// volumes.
std::string ReadPeerRules(const RawPod& raw, PeerRules* rules);

}  // namespace fairlead::kube
