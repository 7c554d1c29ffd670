#include "scheduler/ledger/sql_store.h"

#include <fmt/format.h>

#include <utility>

namespace fairlead::ledger {

Error LedgerError(std::string field, std::string message) {
  Error error;
  error.field = std::move(field);
  error.message = std::move(message);
  return error;
}

Status SqlStore::Load(Transaction* t) {
  return db_->Query("SELECT last_seq FROM seen WHERE id = 1", {}, [&](const SqlRow& row) -> Status {
    t->last_seq = row.Int(0);
    return Ok{};
  });
}

Status SqlStore::HeadOf(Transaction* t, const std::string& cluster, std::string* hash) {
  const auto it = t->heads.find(cluster);
  if (it != t->heads.end()) {
    *hash = it->second;
    return Ok{};
  }
  hash->clear();
  return db_->Query("SELECT hash FROM heads WHERE cluster = $1", {cluster},
                    [&](const SqlRow& row) -> Status {
                      *hash = row.Text(0);
                      return Ok{};
                    });
}

// What is under the id already, if anything.
Status SqlStore::Known(const std::string& record_id, std::optional<std::string>* body) {
  return db_->Query("SELECT body FROM records WHERE record_id = $1", {record_id},
                    [&](const SqlRow& row) -> Status {
                      *body = std::string(row.Text(0));
                      return Ok{};
                    });
}

Status SqlStore::AppendRecord(Transaction* t, const Interval& i) {
  const std::string body = CanonicalJson(i);
  std::optional<std::string> known;
  if (Status read = Known(i.record_id, &known); !read) return read;
  if (known) {
    if (*known != body) {
      return LedgerError("record_id",
                         fmt::format("{} is in the ledger already and says something else; a "
                                     "correction needs a further revision",
                                     i.record_id));
    }
    ++t->written.duplicates;
    return Ok{};
  }
  if (!i.supersedes.empty()) {
    std::optional<std::string> corrected;
    if (Status read = Known(i.supersedes, &corrected); !read) return read;
    if (!corrected) {
      return LedgerError("supersedes", fmt::format("{} is not in the ledger", i.supersedes));
    }
  }
  std::string previous;
  if (Status read = HeadOf(t, i.cluster, &previous); !read) return read;
  const std::string hash = ChainHash(previous, body);
  const std::int64_t seq = ++t->last_seq;
  Status done = db_->Run(
      "INSERT INTO records (seq, record_id, cluster, kind, tenant, namespace, node, gpu_model, "
      "revision, start_ns, end_ns, body, previous_hash, hash) VALUES "
      "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
      {seq, i.record_id, i.cluster, KindName(i.kind), i.tenant, i.ns, i.node, i.gpu_model,
       i.revision, i.start.ns, i.end->ns, body, previous, hash});
  if (!done) return done;
  t->heads[i.cluster] = hash;
  ++t->written.appended;
  return Ok{};
}

Status SqlStore::FindOpen(const std::string& key, std::optional<Interval>* open) {
  std::string body;
  Status read = db_->Query("SELECT body FROM open_intervals WHERE open_key = $1", {key},
                           [&](const SqlRow& row) -> Status {
                             body = row.Text(0);
                             return Ok{};
                           });
  if (!read || body.empty()) return read;
  Result<StoredInterval> parsed = ParseInterval(body);
  if (!parsed.ok()) return parsed.error();
  *open = std::move(parsed->interval);
  return Ok{};
}

Status SqlStore::PutOpen(const Interval& i) {
  const std::string key = OpenKeyOf(i);
  const std::string body = CanonicalJson(i);
  return db_->Run(
      "INSERT INTO open_intervals (open_key, start_ns, body) VALUES ($1, $2, $3) ON CONFLICT "
      "(open_key) DO UPDATE SET start_ns = excluded.start_ns, body = excluded.body",
      {key, i.start.ns, body});
}

Status SqlStore::Apply(Transaction* t, const Append& change) {
  if (!change.interval.end) {
    return LedgerError("end", "an interval that is open cannot be appended: expected an end");
  }
  return AppendRecord(t, change.interval);
}

Status SqlStore::Apply(Transaction* t, const Open& change) {
  std::optional<std::string> ended;
  if (Status read = Known(change.interval.record_id, &ended); !read) return read;
  if (ended) {
    ++t->written.duplicates;
    return Ok{};
  }
  std::optional<Interval> before;
  if (Status read = FindOpen(OpenKeyOf(change.interval), &before); !read) return read;
  if (before && before->start < change.interval.start) {
    // Its end was never told: it lasted until this one began.
    Status ended_now =
        End(t, *before, change.interval.start, EndReason::kUnknown, "", change.interval.source);
    if (!ended_now) return ended_now;
  }
  return PutOpen(change.interval);
}

Status SqlStore::End(Transaction* t, Interval interval, Instant end, EndReason reason,
                     const std::string& preempted_by, Source source) {
  if (end <= interval.start) return Ok{};
  interval.end = end;
  interval.end_reason = reason;
  interval.preempted_by = preempted_by;
  interval.source = source == Source::kWatch ? interval.source : source;
  return AppendRecord(t, interval);
}

Status SqlStore::Apply(Transaction* t, const Close& change) {
  std::optional<Interval> open;
  if (Status read = FindOpen(change.open_key, &open); !read) return read;
  if (!open) {
    ++t->written.duplicates;
    return Ok{};
  }
  Status ended =
      End(t, std::move(*open), change.end, change.reason, change.preempted_by, change.source);
  if (!ended) return ended;
  return db_->Run("DELETE FROM open_intervals WHERE open_key = $1", {change.open_key});
}

Status SqlStore::Flush(const Transaction& t, Instant now) {
  for (const auto& [cluster, hash] : t.heads) {
    Status put = db_->Run(
        "INSERT INTO heads (cluster, hash) VALUES ($1, $2) ON CONFLICT (cluster) DO UPDATE SET "
        "hash = excluded.hash",
        {cluster, hash});
    if (!put) return put;
  }
  return db_->Run("UPDATE seen SET at_ns = $1, last_seq = $2 WHERE id = 1", {now.ns, t.last_seq});
}

void SqlStore::Reach(std::string_view step) const {
  if (failpoint_) failpoint_(step);
}

Status SqlStore::InTransaction(const std::function<Status(Transaction*)>& body, Instant now) {
  Transaction t;
  if (Status begun = db_->Begin(); !begun) return begun;
  Reach("begun");
  Status done = Load(&t);
  if (done.ok()) done = body(&t);
  Reach("written");
  if (done.ok()) done = Flush(t, now);
  Reach("flushed");
  if (done.ok()) done = db_->Commit();
  if (!done.ok()) db_->Rollback();
  Reach("committed");
  if (done.ok()) written_ = t.written;
  return done;
}

Result<Written> SqlStore::Write(const std::vector<Change>& changes, Instant now) {
  Status done = InTransaction(
      [&](Transaction* t) -> Status {
        for (const Change& change : changes) {
          Status applied = std::visit([&](const auto& c) { return Apply(t, c); }, change);
          if (!applied) return applied;
        }
        return Ok{};
      },
      now);
  if (!done) return done.error();
  return written_;
}

Result<ClosedPeriod> SqlStore::ClosePeriod(ClosedPeriod period) {
  Status done = InTransaction(
      [&](Transaction* t) -> Status {
        if (Status split = SplitOpen(t, period.to); !split) return split;
        period.last_seq = t->last_seq;
        return db_->Run(
            "INSERT INTO periods (name, from_ns, to_ns, last_seq, billing, closed_ns) VALUES ($1, "
            "$2, $3, $4, $5, $6)",
            {period.name, period.from.ns, period.to.ns, period.last_seq, period.billing,
             period.closed_at.ns});
      },
      period.closed_at);
  if (!done) return done.error();
  return period;
}

Status SqlStore::SplitOpen(Transaction* t, Instant at) {
  Result<std::vector<Interval>> open = OpenIntervals();
  if (!open.ok()) return open.error();
  for (Interval& interval : *open) {
    if (interval.start >= at) continue;
    Status ended = End(t, interval, at, EndReason::kSplit, "", Source::kWatch);
    if (!ended) return ended;
    interval.start = at;
    interval.record_id = RecordIdOf(interval);
    if (Status put = PutOpen(interval); !put) return put;
  }
  return Ok{};
}

}  // namespace fairlead::ledger
