#include "scheduler/sim/room.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <unordered_map>

#include "fairlead/base/check.h"
#include "scheduler/sim/filling.h"

namespace fairlead::sim {
namespace {

using saturation::Devices;
using saturation::Node;
using saturation::Placed;
using saturation::Pod;

// What is common: which pods of which job are where.
class PodRoom : public Room {
 public:
  explicit PodRoom(const World& world) : world_(world) {}

  bool Place(std::uint32_t job) override {
    const std::vector<Pod> pods = PodsOf(world_, job);
    std::vector<Placed> placed;
    placed.reserve(pods.size());
    for (const Pod& pod : pods) {
      Placed at;
      if (!PlacePod(pod, &at)) {
        for (std::size_t i = placed.size(); i > 0; --i) ReleasePod(pods[i - 1], placed[i - 1]);
        return false;
      }
      placed.push_back(at);
    }
    held_.emplace(job, std::move(placed));
    return true;
  }

  void Release(std::uint32_t job) override {
    const auto it = held_.find(job);
    FAIRLEAD_CHECK(it != held_.end(), "job {} holds nothing", job);
    const std::vector<Pod> pods = PodsOf(world_, job);
    for (std::size_t i = 0; i < pods.size(); ++i) ReleasePod(pods[i], it->second[i]);
    held_.erase(it);
  }

  std::vector<std::uint32_t> JobsOn(std::uint32_t node) const override {
    std::vector<std::uint32_t> jobs;
    for (const auto& [job, placed] : held_) {
      const bool there = std::any_of(placed.begin(), placed.end(),
                                     [node](const Placed& at) { return at.node == node; });
      if (there) jobs.push_back(job);
    }
    std::sort(jobs.begin(), jobs.end());
    return jobs;
  }

 protected:
  virtual bool PlacePod(const Pod& pod, Placed* at) = 0;
  virtual void ReleasePod(const Pod& pod, const Placed& at) = 0;

 private:
  const World& world_;
  std::unordered_map<std::uint32_t, std::vector<Placed>> held_;
};

class PackRoom : public PodRoom {
 public:
  explicit PackRoom(const World& world) : PodRoom(world), nodes_(world.pods.nodes) {
    closed_.assign(nodes_.size(), false);
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) by_idle_[Idle(n)].insert(n);
  }

  void Close(std::uint32_t node, bool closed) override { closed_[node] = closed; }

 protected:
  bool PlacePod(const Pod& pod, Placed* at) override {
    const std::uint32_t node = pod.devices > 0 && !pod.Shares() ? ForWhole(pod) : ForOther(pod);
    if (node == kNone) return false;
    *at = {node, pod.devices > 0 ? saturation::BestFitDevices(nodes_[node], pod) : 0};
    by_idle_[Idle(node)].erase(node);
    saturation::Take(pod, at->devices, &nodes_[node]);
    by_idle_[Idle(node)].insert(node);
    return true;
  }

  void ReleasePod(const Pod& pod, const Placed& at) override {
    by_idle_[Idle(at.node)].erase(at.node);
    saturation::Give(pod, at.devices, &nodes_[at.node]);
    by_idle_[Idle(at.node)].insert(at.node);
  }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  std::size_t Idle(std::uint32_t n) const {
    const Node& node = nodes_[n];
    return static_cast<std::size_t>(
        std::count(node.free.begin(), node.free.begin() + static_cast<std::ptrdiff_t>(node.devices),
                   kWholeGpu));
  }

  std::uint32_t ForWhole(const Pod& pod) const {
    for (std::size_t idle = pod.devices; idle < by_idle_.size(); ++idle) {
      for (const std::uint32_t n : by_idle_[idle]) {
        if (!closed_[n] && saturation::Fits(nodes_[n], pod)) return n;
      }
    }
    return kNone;
  }

  std::uint32_t ForOther(const Pod& pod) const {
    std::uint32_t best = kNone;
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      if (closed_[n] || !saturation::Fits(nodes_[n], pod)) continue;
      if (best == kNone || nodes_[n].FreeGpu() < nodes_[best].FreeGpu()) best = n;
    }
    return best;
  }

  std::vector<Node> nodes_;
  std::vector<bool> closed_;
  std::array<std::set<std::uint32_t>, saturation::kMostDevices + 1> by_idle_;  // nodes
};

class ScoredRoom : public PodRoom {
 public:
  ScoredRoom(const World& world, Placement placement, std::uint32_t seed)
      : PodRoom(world),
        filling_(world.pods, static_cast<saturation::PolicyKind>(placement), seed) {}

  void Close(std::uint32_t node, bool closed) override { filling_.Close(node, closed); }

 protected:
  bool PlacePod(const Pod& pod, Placed* at) override { return filling_.Place(pod, at); }
  void ReleasePod(const Pod& pod, const Placed& at) override { filling_.Release(pod, at); }

 private:
  saturation::Filling filling_;
};

}  // namespace

std::unique_ptr<Room> MakePackRoom(const World& world) { return std::make_unique<PackRoom>(world); }

std::unique_ptr<Room> MakeScoredRoom(const World& world, Placement placement, std::uint32_t seed) {
  return std::make_unique<ScoredRoom>(world, placement, seed);
}

}  // namespace fairlead::sim
