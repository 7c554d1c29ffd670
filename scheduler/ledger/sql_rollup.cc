// Rollups in the store: kept up in batches, read by hours.
#include <algorithm>

#include "scheduler/ledger/rollup.h"
#include "scheduler/ledger/sql_store.h"

namespace fairlead::ledger {
namespace {

constexpr std::int64_t kRecordsAtOnce = 200'000;  // in a transaction

}  // namespace

Result<std::int64_t> SqlStore::RolledUpTo() {
  std::int64_t seq = 0;
  Status read = db_->Query("SELECT last_seq FROM rollup_state WHERE id = 1", {},
                           [&](const SqlRow& row) -> Status {
                             seq = row.Int(0);
                             return Ok{};
                           });
  if (!read) return read.error();
  return seq;
}

// One batch; how many records it took.
Result<std::int64_t> SqlStore::RollUpSome() {
  const Result<std::int64_t> from = RolledUpTo();
  if (!from.ok()) return from.error();
  RollupSums sums;
  std::int64_t taken = 0;
  std::int64_t last = *from;
  Filter filter;
  filter.after_seq = *from;
  filter.limit = kRecordsAtOnce;
  Status done = Read(filter, [&](const StoredInterval& stored) -> Status {
    AddToRollup(stored.interval, &sums);
    last = stored.seq;
    ++taken;
    return Ok{};
  });
  for (auto& [key, sum] : sums) {
    if (!done.ok()) return done.error();
    Amounts128 before;
    done = db_->Query("SELECT sums FROM rollups WHERE hour_ns = $1 AND vals = $2",
                      {key.first, key.second}, [&](const SqlRow& row) -> Status {
                        before = ParseSums(row.Text(0));
                        return Ok{};
                      });
    if (!done.ok()) return done.error();
    sum.cpu_milli_ns += before.cpu_milli_ns;
    sum.memory_byte_ns += before.memory_byte_ns;
    sum.gpu_slice_ns += before.gpu_slice_ns;
    sum.storage_byte_ns += before.storage_byte_ns;
    const std::string text = SumsText(sum);
    done = db_->Run(
        "INSERT INTO rollups (hour_ns, vals, sums) VALUES ($1, $2, $3) ON CONFLICT (hour_ns, vals) "
        "DO UPDATE SET sums = excluded.sums",
        {key.first, key.second, text});
  }
  if (done.ok()) done = db_->Run("UPDATE rollup_state SET last_seq = $1 WHERE id = 1", {last});
  if (!done.ok()) return done.error();
  return taken;
}

Status SqlStore::RollUp() {
  while (true) {
    if (Status begun = db_->Begin(); !begun) return begun;
    const Result<std::int64_t> taken = RollUpSome();
    Status done = taken.ok() ? db_->Commit() : Status(taken.error());
    if (!done) {
      db_->Rollback();
      return done;
    }
    if (*taken < kRecordsAtOnce) return Ok{};
  }
}

Status SqlStore::ReadRollups(Instant from, Instant to, const EachRollup& each) {
  return db_->Query(
      "SELECT hour_ns, vals, sums FROM rollups WHERE hour_ns >= $1 AND hour_ns < $2 ORDER BY "
      "hour_ns, vals",
      {from.ns, to.ns}, [&](const SqlRow& row) -> Status {
        return each(Instant{row.Int(0)}, row.Text(1), row.Text(2));
      });
}

}  // namespace fairlead::ledger
