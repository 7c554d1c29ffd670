// Store: where intervals are kept. SQLite or PostgreSQL behind one interface; what it does is the
// same on both, and so are its tests.
//
// I1: Write is one transaction: all of it is there after a crash, or none.
// I2: what has ended is append-only. Each record has a place (seq) and is chained to the one before
//     it of its cluster by a hash.
// I3: writing a record that is there already changes nothing; writing another one under its id is
// an
//     error, and nothing is written.
// I4: what is open is state, one row per open key. Ending it appends the record and removes the
// row;
//     ending what is not open changes nothing, so that a write may be repeated.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/ledger/interval.h"
#include "fairlead/ledger/interval_json.h"

namespace fairlead::ledger {

// A whole interval: imported, or a correction.
struct Append {
  Interval interval;
};
// From here on it is open. Replaces what was open under its key and started at the same moment.
struct Open {
  Interval interval;
};
// Ends what is open under the key. Where that would leave nothing (end <= start) it is forgotten.
struct Close {
  std::string open_key;
  Instant end;
  EndReason reason = EndReason::kUnknown;
  std::string preempted_by = {};
  Source source = Source::kWatch;
};
using Change = std::variant<Append, Open, Close>;

struct Written {
  std::int64_t appended = 0;
  std::int64_t duplicates = 0;  // were there already, byte for byte
};

// Absent fields let everything through.
struct Filter {
  std::optional<std::string> tenant, ns, node, model, cluster;
  std::optional<Kind> kind;
  std::optional<Instant> from, to;  // intervals that have a part in [from, to)
  bool corrections = false;         // these only
  std::int64_t after_seq = 0;
  std::int64_t limit = 0;  // 0 = no limit
};

// A billing period that takes no more records: what has a seq above `last_seq` is late.
struct ClosedPeriod {
  std::string name;  // "2026-10"
  Instant from, to;
  std::int64_t last_seq = 0;
  std::int64_t billing = 0;  // version of the billing document
  Instant closed_at;
};

// Called between the steps of a write with the name of the step, for tests that kill the process
// there.
using Failpoint = std::function<void(std::string_view step)>;

class Store {
 public:
  using Each = std::function<Status(const StoredInterval&)>;
  virtual ~Store() = default;

  // `now` is kept as the last time at which the ledger was seen to be written.
  virtual Result<Written> Write(const std::vector<Change>& changes, Instant now) = 0;
  // Records in order of seq, without open ones. Stops at the first error, which it returns.
  virtual Status Read(const Filter& filter, const Each& each) = 0;
  virtual Result<std::vector<Interval>> OpenIntervals() = 0;  // by open key
  virtual Result<std::optional<Interval>> Find(const std::string& record_id) = 0;
  // Reads all records and follows the chain of each cluster to its head. The error names the first
  // record whose text, columns, place or hash is not what was written; the answer is how many were
  // checked.
  virtual Result<std::int64_t> Verify() = 0;
  virtual Result<std::optional<Instant>> LastWrite() = 0;

  // Rollups (scheduler/ledger/rollup.h): brought up to the last record; how far they go; and rows
  // of hours in [from, to) as texts.
  using EachRollup =
      std::function<Status(Instant hour, std::string_view values, std::string_view sums)>;
  virtual Status RollUp() = 0;
  virtual Result<std::int64_t> RolledUpTo() = 0;
  virtual Status ReadRollups(Instant from, Instant to, const EachRollup& each) = 0;

  // The billing document (billing.h) by version; versions count from 1 and are kept.
  virtual Result<std::int64_t> SetBilling(const std::string& yaml, Instant now) = 0;
  virtual Result<std::string> Billing(std::int64_t version) = 0;  // 0 = the last; "" = none
  // The version in force; where there is none an empty document becomes one, so that what a period
  // was closed with has a name.
  virtual Result<std::int64_t> KeepBilling(Instant now) = 0;
  // Cuts what is open at the period's end and closes the period. Error: it is closed already.
  virtual Result<ClosedPeriod> ClosePeriod(ClosedPeriod period) = 0;
  virtual Result<std::vector<ClosedPeriod>> ClosedPeriods() = 0;  // by their beginning
};

struct StoreOptions {
  bool create = true;  // false: an SQLite file that is not there is an error
  Failpoint failpoint = nullptr;
};
// "sqlite:FILE" or "postgresql://..." as libpq reads it. Brings an older schema up to date; refuses
// a newer one.
Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const StoreOptions& options = {});

}  // namespace fairlead::ledger
