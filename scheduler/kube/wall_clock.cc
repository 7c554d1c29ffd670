#include "scheduler/kube/wall_clock.h"

#include <chrono>

namespace fairlead::kube {
namespace {

class SystemClock : public Clock {
 public:
  Instant Now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
  }
};

}  // namespace

const Clock* WallClock() {
  static const SystemClock clock;
  return &clock;
}

}  // namespace fairlead::kube
