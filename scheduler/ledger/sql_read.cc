// What is read from the store, and how one is opened.
#include <fmt/format.h>

#include "scheduler/ledger/sql_store.h"

namespace fairlead::ledger {
namespace {

// The conditions of a filter, with its values as parameters: names come from people.
struct Where {
  std::string sql;
  std::vector<SqlValue> values;

  void Add(std::string_view condition, SqlValue value) {
    values.push_back(value);
    sql += fmt::format(" AND {} ${}", condition, values.size());
  }
};

Where WhereOf(const Filter& filter) {
  Where where;
  where.sql = "WHERE seq > $1";
  where.values.emplace_back(filter.after_seq);
  const auto text = [&](std::string_view condition, const std::optional<std::string>& value) {
    if (value) where.Add(condition, std::string_view(*value));
  };
  text("tenant =", filter.tenant);
  text("namespace =", filter.ns);
  text("node =", filter.node);
  text("gpu_model =", filter.model);
  text("cluster =", filter.cluster);
  if (filter.corrections) where.sql += " AND revision > 0";  // as the index says it
  if (filter.kind) where.Add("kind =", KindName(*filter.kind));
  if (filter.from) where.Add("end_ns >", filter.from->ns);
  if (filter.to) where.Add("start_ns <", filter.to->ns);
  where.sql += " ORDER BY seq";
  if (filter.limit > 0) {
    where.values.emplace_back(filter.limit);
    where.sql += fmt::format(" LIMIT ${}", where.values.size());
  }
  return where;
}

Error BrokenRecord(std::int64_t seq, const std::string& why) {
  return LedgerError(fmt::format("seq {}", seq), why);
}

// A record as it was read, held against what a writer would have written.
class ChainFollower {
 public:
  Status Check(const SqlRow& row) {
    const std::int64_t seq = row.Int(0);
    if (seq != next_) {
      return BrokenRecord(next_, fmt::format("is missing: the next one there is {}", seq));
    }
    ++next_;
    Result<StoredInterval> parsed = ParseInterval(row.Text(9));
    if (!parsed.ok()) {
      return BrokenRecord(seq, "its text was changed: " + parsed.error().ToString());
    }
    const Interval& i = parsed->interval;
    if (row.Text(9) != CanonicalJson(i)) return BrokenRecord(seq, "its text was changed");
    const bool columns =
        row.Text(1) == i.record_id && row.Text(2) == i.cluster && row.Text(3) == KindName(i.kind) &&
        row.Text(4) == i.tenant && row.Text(5) == i.ns && row.Text(6) == i.node && i.end &&
        row.Int(7) == i.start.ns && row.Int(8) == i.end->ns && row.Text(12) == i.gpu_model;
    if (!columns) return BrokenRecord(seq, "its columns do not say what its text says");
    std::string& head = heads_[i.cluster];
    if (row.Text(10) != head) {
      return BrokenRecord(seq, "does not follow the record before it in its cluster's chain");
    }
    if (row.Text(11) != ChainHash(head, row.Text(9))) {
      return BrokenRecord(seq, "its hash is not that of what it says");
    }
    head = row.Text(11);
    return Ok{};
  }
  // The chains end where they are known to end.
  Status CheckHead(const SqlRow& row) {
    const auto it = heads_.find(row.Text(0));
    if (it != heads_.end() && it->second == row.Text(1)) return Ok{};
    return LedgerError(fmt::format("cluster {}", row.Text(0)),
                       "the last records of its chain are missing");
  }
  std::int64_t checked() const { return next_ - 1; }

 private:
  std::int64_t next_ = 1;
  std::map<std::string, std::string, std::less<>> heads_;
};

}  // namespace

Status SqlStore::Read(const Filter& filter, const Each& each) {
  const Where where = WhereOf(filter);
  const std::string sql = "SELECT seq, body, previous_hash, hash FROM records " + where.sql;
  return db_->Query(sql, where.values, [&](const SqlRow& row) -> Status {
    Result<StoredInterval> stored = ParseInterval(row.Text(1));
    if (!stored.ok()) {
      return BrokenRecord(row.Int(0), "cannot be read: " + stored.error().ToString());
    }
    stored->seq = row.Int(0);
    stored->previous_hash = row.Text(2);
    stored->hash = row.Text(3);
    return each(*stored);
  });
}

Result<std::vector<Interval>> SqlStore::OpenIntervals() {
  std::vector<Interval> open;
  Status read = db_->Query("SELECT body FROM open_intervals ORDER BY open_key", {},
                           [&](const SqlRow& row) -> Status {
                             Result<StoredInterval> parsed = ParseInterval(row.Text(0));
                             if (!parsed.ok()) return parsed.error();
                             open.push_back(std::move(parsed->interval));
                             return Ok{};
                           });
  if (!read) return read.error();
  return open;
}

Result<std::optional<Interval>> SqlStore::Find(const std::string& record_id) {
  std::optional<std::string> body;
  if (Status read = Known(record_id, &body); !read) return read.error();
  if (!body) return std::optional<Interval>();
  Result<StoredInterval> parsed = ParseInterval(*body);
  if (!parsed.ok()) return parsed.error();
  return std::optional<Interval>(std::move(parsed->interval));
}

Result<std::int64_t> SqlStore::Verify() {
  ChainFollower follower;
  Status followed = db_->Query(
      "SELECT seq, record_id, cluster, kind, tenant, namespace, node, start_ns, end_ns, body, "
      "previous_hash, hash, gpu_model FROM records ORDER BY seq",
      {}, [&](const SqlRow& row) { return follower.Check(row); });
  if (!followed) return followed.error();
  Status heads = db_->Query("SELECT cluster, hash FROM heads ORDER BY cluster", {},
                            [&](const SqlRow& row) { return follower.CheckHead(row); });
  if (!heads) return heads.error();
  return follower.checked();
}

Result<std::optional<Instant>> SqlStore::LastWrite() {
  std::optional<Instant> last;
  Status read =
      db_->Query("SELECT at_ns FROM seen WHERE id = 1", {}, [&](const SqlRow& row) -> Status {
        if (row.Int(0) >= 0) last = Instant{row.Int(0)};
        return Ok{};
      });
  if (!read) return read.error();
  return last;
}

Result<std::int64_t> SqlStore::SetBilling(const std::string& yaml, Instant now) {
  if (Status begun = db_->Begin(); !begun) return begun.error();
  std::int64_t version = 0;
  Status done = db_->Query("SELECT coalesce(max(version), 0) FROM billing", {},
                           [&](const SqlRow& row) -> Status {
                             version = row.Int(0) + 1;
                             return Ok{};
                           });
  if (done.ok()) {
    done = db_->Run("INSERT INTO billing (version, set_ns, document) VALUES ($1, $2, $3)",
                    {version, now.ns, yaml});
  }
  if (done.ok()) done = db_->Commit();
  if (!done.ok()) {
    db_->Rollback();
    return done.error();
  }
  return version;
}

Result<std::string> SqlStore::Billing(std::int64_t version) {
  std::string document;
  const char* const sql = version == 0
                              ? "SELECT document FROM billing ORDER BY version DESC LIMIT 1"
                              : "SELECT document FROM billing WHERE version = $1";
  std::vector<SqlValue> values;
  if (version != 0) values.emplace_back(version);
  Status read = db_->Query(sql, values, [&](const SqlRow& row) -> Status {
    document = row.Text(0);
    return Ok{};
  });
  if (!read) return read.error();
  return document;
}

Result<std::int64_t> SqlStore::KeepBilling(Instant now) {
  std::int64_t version = 0;
  Status read = db_->Query("SELECT coalesce(max(version), 0) FROM billing", {},
                           [&](const SqlRow& row) -> Status {
                             version = row.Int(0);
                             return Ok{};
                           });
  if (!read) return read.error();
  if (version > 0) return version;
  return SetBilling("", now);
}

Result<std::vector<ClosedPeriod>> SqlStore::ClosedPeriods() {
  std::vector<ClosedPeriod> periods;
  Status read = db_->Query(
      "SELECT name, from_ns, to_ns, last_seq, billing, closed_ns FROM periods ORDER BY from_ns, "
      "name",
      {}, [&](const SqlRow& row) -> Status {
        periods.push_back({.name = std::string(row.Text(0)),
                           .from = {row.Int(1)},
                           .to = {row.Int(2)},
                           .last_seq = row.Int(3),
                           .billing = row.Int(4),
                           .closed_at = {row.Int(5)}});
        return Ok{};
      });
  if (!read) return read.error();
  return periods;
}

Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const StoreOptions& options) {
  constexpr std::string_view kSqlite = "sqlite:";
  // Not what was given: it may hold a password.
  Result<std::unique_ptr<SqlDatabase>> db =
      LedgerError("ledger", "expected sqlite:FILE or postgresql://...");
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size()) {
    db = OpenSqlite(url.substr(kSqlite.size()), options.create);
  } else if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    db = OpenPostgres(url);
  }
  if (!db.ok()) return db.error();
  if (Status migrated = Migrate(db->get()); !migrated) return migrated.error();
  return std::unique_ptr<Store>(std::make_unique<SqlStore>(std::move(*db), options.failpoint));
}

}  // namespace fairlead::ledger
