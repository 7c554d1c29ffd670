// How fast the adapter repeats itself: backoff with jitter, and the intervals that tests shorten.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "fairlead/base/time.h"

namespace fairlead::kube {

struct Pace {
  Duration backoff_min = Duration::Milliseconds(800);
  Duration backoff_max = Duration::Seconds(30);
  Duration retry_after_unit = Duration::Seconds(1);  // what one second of a Retry-After lasts
  // A watch asks the server to end it after a random time between these.
  Duration watch_min = Duration::Seconds(300);
  Duration watch_max = Duration::Seconds(600);
  Duration connect_timeout = Duration::Seconds(10);
  Duration rediscover = Duration::Seconds(300);  // while a custom resource is not served
};

// Where all jitter of one client comes from; used on the loop's thread only.
using Random = std::minstd_rand;

// Delays that double from backoff_min to backoff_max, each lengthened by up to a half at random so
// that many clients do not return at once. Never above backoff_max.
class Backoff {
 public:
  // `random` is that of the whole client.
  Backoff(const Pace& pace, Random* random)
      : min_(pace.backoff_min), max_(pace.backoff_max), random_(random) {}

  Duration Next() {
    base_ = base_.ns == 0 ? min_ : std::min(Duration{base_.ns * 2}, max_);
    std::uniform_int_distribution<std::int64_t> jitter(0, base_.ns / 2);
    return std::min(Duration{base_.ns + jitter(*random_)}, max_);
  }
  void Reset() { base_ = Duration{}; }

 private:
  Duration min_;
  Duration max_;
  Duration base_;
  Random* random_;
};

}  // namespace fairlead::kube
