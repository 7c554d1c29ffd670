// Faults that a test asks the HTTP front to commit. For each request the front asks Next() once,
// and does what it is told. A plan is a script (the n-th matching request gets this) or random by
// seed; the same seed gives the same faults for the same requests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/time.h"

namespace fairlead::apiserver {

enum class FaultKind : std::uint8_t {
  kNone,
  kReplyLost,         // the request is carried out, then the connection is closed without an answer
  kRequestLost,       // the connection is closed, nothing is carried out
  kConflict,          // 409 Conflict, nothing is carried out
  kGone,              // 410 Expired; for a watch: an ERROR frame with code 410 after some changes
  kTooMany,           // 429 with Retry-After
  kServerError,       // 500, nothing is carried out
  kServerErrorAfter,  // 500, but carried out
  kFrozen,            // for a watch: the head is sent, then nothing more; else: no answer, ever
  kHalfOpen,          // the request is carried out; the connection stays open without a byte
  kSlowBody,          // the answer comes in small pieces with `delay` between them
  kGarbage,           // bytes that are no answer; for a watch: a frame that cannot be decoded
  kCutInside,         // the connection is closed in the middle of the answer
};

struct Fault {
  FaultKind kind = FaultKind::kNone;
  Duration delay;         // of kSlowBody
  int retry_after_s = 1;  // of kTooMany
  int after_frames = 0;   // of a watch: frames that are delivered before it strikes
};

class Faults {
 public:
  virtual ~Faults() = default;
  virtual Fault Next(std::string_view method, std::string_view path, bool is_watch) = 0;
};

// Scripted: rules in order; the first one that matches and has strikes left is used.
struct FaultRule {
  std::string method;         // empty: any
  std::string path_contains;  // empty: any
  int watches = -1;           // 1: only watches, 0: only others, -1: both
  int skip = 0;               // matching requests that pass first
  int strikes = 1;            // -1: for ever
  Fault fault;
};
std::unique_ptr<Faults> ScriptedFaults(std::vector<FaultRule> rules);

// Each request is hit with `per_mille` in 1,000; kinds are drawn evenly from those that make sense
// for it. `max_faults` bounds how many strike in all.
std::unique_ptr<Faults> RandomFaults(std::uint64_t seed, int per_mille, int max_faults);

}  // namespace fairlead::apiserver
