// The node table as columns. Two parts with different lives:
//
//   NodeTable   what a node is (name, labels, taints, capacity); immutable, shared by all snapshots
//               until a node changes;
//   NodeUsage   what is taken on it; copied into every snapshot, so it is flat and small.
//
// Rows are NodeIds. A row whose node is gone stays, with `present` false, until the store compacts
// (ids never move while a snapshot is alive).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/model/objects.h"

namespace fairlead {

// Devices of one node as bits: device i is bit i. A node with more than 64 GPUs is refused by the
// edge.
using GpuMask = std::uint64_t;
inline constexpr std::int32_t kMaxGpusPerNode = 64;

// Names of the resources and GPU models of the cluster, by id. Grows, never shrinks.
// GPUs of one model that are equally large and equally cut. Kinds are numbered by ModelId, so that
// a model may have several; they share the resource gpu/<model>.
struct GpuKind {
  std::int32_t slices = 1;
  std::int64_t memory_bytes = 0;  // 0 = not known

  friend bool operator==(const GpuKind&, const GpuKind&) = default;
};

struct ResourceNames {
  std::vector<std::string> resources = {"cpu", "memory", "pods", "ephemeral-storage"};
  std::vector<std::string> models;         // of each kind; "" (unnamed model) is a model too
  std::vector<GpuKind> kinds;              // beside models
  std::vector<std::string> share_classes;  // "" is a class too

  friend bool operator==(const ResourceNames&, const ResourceNames&) = default;
};

struct NodeTable {
  std::vector<NodeInfo> info;  // by NodeId
  std::vector<bool> present;   // by NodeId
  std::vector<ResourceVector>
      capacity;                    // allocatable by NodeId, without GPUs; zero where not present
  std::vector<std::int32_t> gpus;  // devices by NodeId
  std::vector<ModelId> model;      // None where gpus = 0
  std::vector<NodeId> by_name;     // present nodes in order of name: the order of ties
  std::vector<std::uint32_t> name_rank;  // position in by_name, by NodeId
  std::vector<NodeId> cordoned;          // of by_name, those that are unschedulable

  std::size_t size() const { return info.size(); }
};

// A GPU that holds shares: whole GPUs are not given from it.
struct SharedGpu {
  NodeId node;
  std::int32_t device = 0;
  std::int32_t free = 0;          // slices of the node's kind
  std::uint32_t share_class = 0;  // of all its shares, in ResourceNames
  std::int32_t milli = 0;         // thousandths that its shares are accounted for

  friend bool operator==(const SharedGpu&, const SharedGpu&) = default;
};

// Free amounts, resource-major: free[r * nodes + n] = capacity - bound - assumed - foreign, >= 0
// unless others overbooked the node, then 0. Index r is the ResourceId; GPUs are in gpu_used.
struct NodeUsage {
  std::size_t nodes = 0;
  std::size_t resources = 0;
  std::vector<std::int64_t> free;
  std::vector<GpuMask> gpu_used;          // devices taken, whole or in part, by NodeId
  std::vector<std::int32_t> gpu_unknown;  // devices taken by pods whose devices do not fit the mask
  std::vector<SharedGpu> shared;          // in order of node, then device

  std::int64_t Free(ResourceId r, NodeId n) const { return free[r.index() * nodes + n.index()]; }
  std::int64_t& Free(ResourceId r, NodeId n) { return free[r.index() * nodes + n.index()]; }
};

// Devices of the node that are free; never negative.
std::int32_t FreeGpus(const NodeTable& table, const NodeUsage& usage, NodeId node);

// The `count` free devices of lowest index as a mask; count <= FreeGpus.
GpuMask LowestFreeGpus(const NodeTable& table, const NodeUsage& usage, NodeId node,
                       std::int32_t count);

std::vector<std::int32_t> MaskToDevices(GpuMask mask);  // ascending

}  // namespace fairlead
