// Line: which waiting job is next, by the reference orders.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "fairlead/sim/scenario.h"
#include "scheduler/sim/world.h"

namespace fairlead::sim {

class Line {
 public:
  // Starts a job if it fits just now.
  using TryStart = std::function<bool(std::uint32_t job)>;

  virtual ~Line() = default;
  virtual void Add(std::uint32_t job) = 0;
  // The job has given back what it held.
  virtual void Ended(std::uint32_t job) = 0;
  // Starts what may start now, in the order's turn; takes the started ones out of the line.
  virtual void Pass(const TryStart& start) = 0;
};

// Not for Order::kDefault.
std::unique_ptr<Line> MakeLine(const World& world, Order order);

}  // namespace fairlead::sim
