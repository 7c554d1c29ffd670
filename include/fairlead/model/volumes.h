// What a pod's claims to volumes lead to: claims, volumes, storage classes, and how many volumes of
// a driver a node can attach. As in objects.h these are plain values that adapters make.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/model/affinity.h"

namespace fairlead {

// core/v1 PersistentVolumeClaim.
struct VolumeClaimInfo {
  std::string ns;
  std::string name;
  std::string owner_uid;      // of its controller; empty = none
  std::string volume;         // the volume that it is or will be bound to; empty = none
  std::string storage_class;  // empty = none
  bool bound = false;         // bound, and the control plane is done with that
  bool lost = false;          // its volume is gone
  bool deleting = false;
  bool one_pod = false;  // ReadWriteOncePod: no two pods at once

  friend bool operator==(const VolumeClaimInfo&, const VolumeClaimInfo&) = default;
};

// core/v1 PersistentVolume.
struct VolumeInfo {
  std::string name;
  std::optional<std::vector<NodeTerm>> node_terms;  // of its node affinity; one must hold
  // Values of the labels for zones and regions that its nodes may have, sorted by label, values
  // sorted.
  std::vector<std::pair<std::string, std::vector<std::string>>> zones;
  std::string driver;  // CSI; empty = of another kind, which counts against no limit
  std::string handle;  // of the driver: claims to one handle are one attachment
  // Non-empty: pods with this volume cannot be scheduled, and why: names the field.
  std::string unsupported;

  friend bool operator==(const VolumeInfo&, const VolumeInfo&) = default;
};

// storage.k8s.io/v1 StorageClass.
struct StorageClassInfo {
  std::string name;
  bool on_first_use = false;  // volumeBindingMode: WaitForFirstConsumer

  friend bool operator==(const StorageClassInfo&, const StorageClassInfo&) = default;
};

// storage.k8s.io/v1 CSINode.
struct CsiNodeInfo {
  std::string node;
  // Volumes that can be attached at once, by driver, sorted; a driver that states none is absent.
  std::vector<std::pair<std::string, std::int64_t>> limits;

  friend bool operator==(const CsiNodeInfo&, const CsiNodeInfo&) = default;
};

// What a decision knows of these: as far as pods on nodes and pending ones need it.
struct VolumeTable {
  bool listed = false;  // all four kinds have been; else nothing here says that something is not
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const VolumeClaimInfo>>
      claims;  // by namespace and name
  std::map<std::string, std::shared_ptr<const VolumeInfo>> volumes;
  std::map<std::string, std::shared_ptr<const StorageClassInfo>> classes;
  std::map<std::string, std::shared_ptr<const CsiNodeInfo>> nodes;  // those with limits
};

}  // namespace fairlead
