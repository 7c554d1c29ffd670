// The store in SQL: writing (sql_store.cc) and reading (sql_read.cc).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/ledger/store.h"
#include "scheduler/ledger/sql_database.h"

namespace fairlead::ledger {

Error LedgerError(std::string field, std::string message);

class SqlStore : public Store {
 public:
  SqlStore(std::unique_ptr<SqlDatabase> db, Failpoint failpoint)
      : db_(std::move(db)), failpoint_(std::move(failpoint)) {}

  Result<Written> Write(const std::vector<Change>& changes, Instant now) override;
  Status Read(const Filter& filter, const Each& each) override;
  Result<std::vector<Interval>> OpenIntervals() override;
  Result<std::optional<Interval>> Find(const std::string& record_id) override;
  Result<std::int64_t> Verify() override;
  Result<std::optional<Instant>> LastWrite() override;
  Status RollUp() override;
  Result<std::int64_t> RolledUpTo() override;
  Status ReadRollups(Instant from, Instant to, const EachRollup& each) override;
  Result<std::int64_t> SetBilling(const std::string& yaml, Instant now) override;
  Result<std::string> Billing(std::int64_t version) override;
  Result<std::int64_t> KeepBilling(Instant now) override;
  Result<ClosedPeriod> ClosePeriod(ClosedPeriod period) override;
  Result<std::vector<ClosedPeriod>> ClosedPeriods() override;

 private:
  struct Transaction {
    std::int64_t last_seq = 0;
    std::map<std::string, std::string> heads;  // hashes of the clusters written to
    Written written;
  };

  Status InTransaction(const std::function<Status(Transaction*)>& body, Instant now);
  Status Load(Transaction* t);
  Status Flush(const Transaction& t, Instant now);
  Status HeadOf(Transaction* t, const std::string& cluster, std::string* hash);
  Status Known(const std::string& record_id, std::optional<std::string>* body);
  Status AppendRecord(Transaction* t, const Interval& interval);
  Status FindOpen(const std::string& key, std::optional<Interval>* open);
  Status PutOpen(const Interval& interval);
  Status End(Transaction* t, Interval interval, Instant end, EndReason reason,
             const std::string& preempted_by, Source source);
  Result<std::int64_t> RollUpSome();
  Status SplitOpen(Transaction* t, Instant at);
  Status Apply(Transaction* t, const Append& change);
  Status Apply(Transaction* t, const Open& change);
  Status Apply(Transaction* t, const Close& change);
  void Reach(std::string_view step) const;

  std::unique_ptr<SqlDatabase> db_;
  Failpoint failpoint_;
  Written written_;  // by the last transaction
};

}  // namespace fairlead::ledger
