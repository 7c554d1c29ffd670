// UsageBook: from changes of who holds what to changes of the ledger. One timeline: times never run
// back, and what ends and what follows it share one moment. Pure: batches in, changes out.
//
// A pod that holds something has one open interval: reserved while its binding is under way, usage
// (or system, where it is not ours) from when the watch shows it. A node that is there has one of
// its capacity. Whatever changes in an interval ends it and begins another,
// but for its class: that of its beginning stays.
//
// After a restart the first batch says everything. What the ledger has open and the batch says too,
// goes on; what it does not say ended at the last moment at which the ledger was seen to be
// written, for an unknown reason, and is marked as reconciled.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fairlead/engine/ports.h"
#include "fairlead/ledger/store.h"

namespace fairlead::ledger {

struct BookOptions {
  std::string cluster = "default";
  std::int64_t epoch = 0;
  // Labels of pods.
  std::string environment_label = "fairlead.dev/environment";
  std::string cost_center_label = "fairlead.dev/cost-center";
  std::vector<std::string> labels;  // that are kept with usage
};

class UsageBook {
 public:
  explicit UsageBook(BookOptions options) : options_(std::move(options)) {}

  // What is open in the ledger, and when it was last written. Before the first batch.
  void Restore(const std::vector<Interval>& open, Instant last_write);
  std::vector<Change> Apply(const UsageBatch& batch);
  std::size_t open() const { return pods_.size() + nodes_.size(); }

 private:
  using Intervals = std::map<std::string, Interval>;

  void CloseMissing(const UsageBatch& batch, std::vector<Change>* changes);
  void Put(Intervals* all, const std::string& key, Interval next, std::vector<Change>* changes);
  void End(Intervals* all, const std::string& key, EndReason reason, std::vector<Change>* changes);
  Interval IntervalOf(const PodHolding& holding) const;
  Interval IntervalOf(const NodeCapacity& node) const;

  BookOptions options_;
  Instant tau_;
  Instant last_write_;
  Intervals pods_;   // by uid
  Intervals nodes_;  // by name
};

}  // namespace fairlead::ledger
