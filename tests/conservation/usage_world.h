// A cluster whose every event is drawn at random, with the engine stepped by hand in virtual time
// and its usage recorded into a store: pods of tenants and of others, whole GPUs and shares, nodes
// that come, go, fail and are cut anew, bindings that fail or are seen late, evictions, a store
// that is away for a while, and schedulers that end between any two steps.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fairlead/engine/engine.h"
#include "fairlead/ledger/recorder.h"
#include "tests/conservation/truth.h"
#include "tests/support/engine_edges.h"
#include "tests/support/random.h"

namespace fairlead::testing {

// A store that can be away.
class FlakyStore : public ledger::Store {
 public:
  explicit FlakyStore(ledger::Store* inner) : inner_(inner) {}
  bool away = false;

  Result<ledger::Written> Write(const std::vector<ledger::Change>& changes, Instant now) override {
    if (away) return Error{"away", "", 0, 0, ""};
    return inner_->Write(changes, now);
  }
  Status Read(const ledger::Filter& f, const Each& each) override { return inner_->Read(f, each); }
  Result<std::vector<ledger::Interval>> OpenIntervals() override { return inner_->OpenIntervals(); }
  Result<std::optional<ledger::Interval>> Find(const std::string& id) override {
    return inner_->Find(id);
  }
  Result<std::int64_t> Verify() override { return inner_->Verify(); }
  Result<std::optional<Instant>> LastWrite() override { return inner_->LastWrite(); }
  Status RollUp() override { return inner_->RollUp(); }
  Result<std::int64_t> RolledUpTo() override { return inner_->RolledUpTo(); }
  Status ReadRollups(Instant from, Instant to, const EachRollup& each) override {
    return inner_->ReadRollups(from, to, each);
  }
  Result<std::int64_t> SetBilling(const std::string& yaml, Instant now) override {
    return inner_->SetBilling(yaml, now);
  }
  Result<std::string> Billing(std::int64_t version) override { return inner_->Billing(version); }
  Result<std::int64_t> KeepBilling(Instant now) override { return inner_->KeepBilling(now); }
  Result<ledger::ClosedPeriod> ClosePeriod(ledger::ClosedPeriod period) override {
    return inner_->ClosePeriod(std::move(period));
  }
  Result<std::vector<ledger::ClosedPeriod>> ClosedPeriods() override {
    return inner_->ClosedPeriods();
  }

 private:
  ledger::Store* inner_;
};

class UsageWorld {
 public:
  UsageWorld(std::uint32_t seed, ledger::Store* store);

  void Run(int steps);
  const Truth& truth() const { return truth_; }
  Instant begun() const { return begun_; }
  Instant now() const { return Instant{tau_}; }
  int restarts() const { return restarts_; }
  std::size_t binds() const { return binds_; }
  std::size_t evictions() const { return evictions_; }

 private:
  struct PodState {
    PodInfo info;
    bool on_server = false;              // bound there; the watch may not have shown it
    bool shown = false;                  // bound, as the engine knows
    std::optional<BindRequest> assumed;  // the engine has sent this and not seen it bound
  };

  void Event();
  void AddPods();
  void AddForeign();
  void Answer(bool success);
  void Show();
  void Finish();
  void Remove();
  void ChangeNode();
  void Advance();
  void Restart();
  void Start();
  void Post(EventBatch batch);
  void Turn();
  void TakeRequests();
  std::map<std::string, Held> State() const;
  PodState* Any(bool (*wanted)(const PodState&));
  static PodInfo ShownAs(const PodState& pod);

  Random random_;
  FlakyStore store_;
  VirtualClock clock_;
  Metrics metrics_;
  RecordingWriter writer_;
  std::unique_ptr<ledger::Recorder> recorder_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, NodeInfo> nodes_;
  std::map<std::string, PodState> pods_;  // by uid
  std::vector<BindRequest> unanswered_;
  std::map<std::string, std::pair<std::string, std::int64_t>> gone_models_;  // of nodes that were
  Truth truth_;
  Instant begun_;
  std::int64_t tau_ = 0;
  std::int64_t made_ = 0;
  int restarts_ = 0;
  std::size_t binds_ = 0;
  std::size_t evictions_ = 0;
};

}  // namespace fairlead::testing
