// Room: where jobs run in a replay of a reference order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fairlead/sim/scenario.h"
#include "scheduler/sim/world.h"

namespace fairlead::sim {

class Room {
 public:
  virtual ~Room() = default;
  // All pods of the job, or none and false.
  virtual bool Place(std::uint32_t job) = 0;
  virtual void Release(std::uint32_t job) = 0;
  // The jobs that have a pod there.
  virtual std::vector<std::uint32_t> JobsOn(std::uint32_t node) const = 0;
  // Whether pods may come to the node.
  virtual void Close(std::uint32_t node, bool closed) = 0;
};

// Pod after pod on the node with the fewest free GPUs that are enough; ties go to the node of
// lowest number. Of a GPU that is shared, the device with the least free.
std::unique_ptr<Room> MakePackRoom(const World& world);

// Pod after pod as a policy of the saturation experiment would place it.
std::unique_ptr<Room> MakeScoredRoom(const World& world, Placement placement, std::uint32_t seed);

}  // namespace fairlead::sim
