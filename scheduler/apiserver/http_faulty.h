// What the HTTP front does where a fault strikes: the answers that take the place of true ones, and
// watches that go wrong after some frames.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/faults.h"
#include "scheduler/apiserver/answer.h"

namespace fairlead::apiserver {

// Bytes that start like nothing that HTTP knows.
extern const std::string_view kGarbageAnswer;

// The error that is answered instead; none for faults that are no answers. A watch is told that it
// is too old (kGone) in a frame.
std::optional<ApiError> FaultAnswer(const Fault& fault, bool is_watch);

// The frames of a watch up to the fault, and the fault.
class FaultyWatch : public WatchStream {
 public:
  FaultyWatch(std::shared_ptr<WatchStream> inner, const Fault& fault, bool protobuf);

  bool Take(std::size_t max_bytes, std::string* out) override;
  void OnReady(std::function<void()> wake) override;
  Instant due() const override;
  // After Take gave false: the connection is to be closed without the end of the answer.
  bool cut() const { return cut_; }

 private:
  enum class Phase : std::uint8_t { kBefore, kAfter, kFrozen };
  // The size of the first frame of what is held back; 0: it is not whole.
  std::size_t FrameSize() const;
  void PassFrames(std::string* out);
  // False: the watch is over.
  bool Strike(std::string* out);

  std::shared_ptr<WatchStream> inner_;  // null once it is frozen
  const Fault fault_;
  const bool protobuf_;
  int left_;                 // frames that pass before it strikes
  std::string held_;         // taken, and not yet passed on
  bool inner_alive_ = true;  // false: inner_ has nothing more
  Phase phase_ = Phase::kBefore;
  bool cut_ = false;
};

}  // namespace fairlead::apiserver
