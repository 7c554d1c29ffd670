#include "fairlead/apiserver/faults.h"

#include <random>
#include <utility>

namespace fairlead::apiserver {
namespace {

bool Matches(const FaultRule& rule, std::string_view method, std::string_view path, bool is_watch) {
  if (!rule.method.empty() && rule.method != method) return false;
  if (path.find(rule.path_contains) == std::string_view::npos) return false;
  return rule.watches < 0 || (rule.watches == 1) == is_watch;
}

class Script : public Faults {
 public:
  explicit Script(std::vector<FaultRule> rules) : rules_(std::move(rules)) {}

  Fault Next(std::string_view method, std::string_view path, bool is_watch) override {
    for (FaultRule& rule : rules_) {
      if (rule.strikes == 0 || !Matches(rule, method, path, is_watch)) continue;
      if (rule.skip > 0) {
        --rule.skip;
        continue;
      }
      if (rule.strikes > 0) --rule.strikes;
      return rule.fault;
    }
    return {};
  }

 private:
  std::vector<FaultRule> rules_;
};

constexpr FaultKind kForWatches[] = {
    FaultKind::kReplyLost,   FaultKind::kRequestLost, FaultKind::kGone,     FaultKind::kTooMany,
    FaultKind::kServerError, FaultKind::kFrozen,      FaultKind::kHalfOpen, FaultKind::kSlowBody,
    FaultKind::kGarbage,     FaultKind::kCutInside,
};
constexpr FaultKind kForReads[] = {
    FaultKind::kReplyLost,   FaultKind::kRequestLost, FaultKind::kGone,     FaultKind::kTooMany,
    FaultKind::kServerError, FaultKind::kFrozen,      FaultKind::kHalfOpen, FaultKind::kSlowBody,
    FaultKind::kGarbage,     FaultKind::kCutInside,
};
constexpr FaultKind kForWrites[] = {
    FaultKind::kReplyLost, FaultKind::kRequestLost, FaultKind::kConflict,
    FaultKind::kTooMany,   FaultKind::kServerError, FaultKind::kServerErrorAfter,
    FaultKind::kFrozen,    FaultKind::kHalfOpen,    FaultKind::kSlowBody,
    FaultKind::kGarbage,   FaultKind::kCutInside,
};

constexpr std::uint64_t kMaxDelayMs = 200;
constexpr std::uint64_t kMaxRetryAfterS = 3;
constexpr std::uint64_t kMaxFrames = 8;

// Every request takes the same number of draws, whatever strikes, so that requests do not change
// the faults of others more than they must.
class Dice : public Faults {
 public:
  Dice(std::uint64_t seed, int per_mille, int max_faults)
      : random_(seed), per_mille_(per_mille), left_(max_faults) {}

  Fault Next(std::string_view method, std::string_view, bool is_watch) override {
    const bool strikes = static_cast<int>(Draw(1'000)) < per_mille_;
    Fault fault;
    const std::uint64_t kind = random_();
    fault.delay = Duration::Milliseconds(static_cast<std::int64_t>(1 + Draw(kMaxDelayMs)));
    fault.retry_after_s = static_cast<int>(1 + Draw(kMaxRetryAfterS));
    fault.after_frames = static_cast<int>(Draw(kMaxFrames));
    if (!strikes || left_ <= 0) return {};
    --left_;
    if (is_watch) {
      fault.kind = Pick(kForWatches, kind);
    } else if (method == "GET" || method == "HEAD") {
      fault.kind = Pick(kForReads, kind);
    } else {
      fault.kind = Pick(kForWrites, kind);
    }
    return fault;
  }

 private:
  // The standard's distributions differ between libraries; that of a remainder is even enough.
  std::uint64_t Draw(std::uint64_t below) { return random_() % below; }

  template <std::size_t kSize>
  static FaultKind Pick(const FaultKind (&kinds)[kSize], std::uint64_t draw) {
    return kinds[draw % kSize];
  }

  std::mt19937_64 random_;
  const int per_mille_;
  int left_;
};

}  // namespace

std::unique_ptr<Faults> ScriptedFaults(std::vector<FaultRule> rules) {
  return std::make_unique<Script>(std::move(rules));
}

std::unique_ptr<Faults> RandomFaults(std::uint64_t seed, int per_mille, int max_faults) {
  return std::make_unique<Dice>(seed, per_mille, max_faults);
}

}  // namespace fairlead::apiserver
