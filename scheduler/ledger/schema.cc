// The schema of the ledger, version by version. A migration is never changed once it was released;
// a new version is a further entry.
#include <fmt/format.h>

#include <array>

#include "scheduler/ledger/sql_database.h"

namespace fairlead::ledger {
namespace {

// {int}, {text}, {end} and {alone} are the dialect's words.
constexpr std::array<std::string_view, 3> kMigrations = {
    // 1: records, what is open, and the heads of the chains.
    R"(
CREATE TABLE records (
  seq {int} PRIMARY KEY,
  record_id {text} NOT NULL UNIQUE,
  cluster {text} NOT NULL,
  kind {text} NOT NULL,
  tenant {text} NOT NULL,
  namespace {text} NOT NULL,
  node {text} NOT NULL,
  gpu_model {text} NOT NULL,
  revision {int} NOT NULL,
  start_ns {int} NOT NULL,
  end_ns {int} NOT NULL,
  body {text} NOT NULL,
  previous_hash {text} NOT NULL,
  hash {text} NOT NULL
){end};
CREATE INDEX records_by_end ON records (end_ns);
CREATE INDEX corrections ON records (seq) WHERE revision > 0;
CREATE TABLE open_intervals (
  open_key {text} PRIMARY KEY,
  start_ns {int} NOT NULL,
  body {text} NOT NULL
){end};
CREATE TABLE heads (
  cluster {text} PRIMARY KEY,
  hash {text} NOT NULL
){end};
CREATE TABLE seen (
  id {int} PRIMARY KEY,
  at_ns {int} NOT NULL,
  last_seq {int} NOT NULL
){end};
INSERT INTO seen (id, at_ns, last_seq) VALUES (1, -1, 0);
)",
    // 2: money.
    R"(
CREATE TABLE billing (
  version {int} PRIMARY KEY,
  set_ns {int} NOT NULL,
  document {text} NOT NULL
){end};
CREATE TABLE periods (
  name {text} PRIMARY KEY,
  from_ns {int} NOT NULL,
  to_ns {int} NOT NULL,
  last_seq {int} NOT NULL,
  billing {int} NOT NULL,
  closed_ns {int} NOT NULL
){end};
)",
    // 3: rollups.
    R"(
CREATE TABLE rollups (
  hour_ns {int} NOT NULL,
  vals {text} NOT NULL,
  sums {text} NOT NULL,
  PRIMARY KEY (hour_ns, vals)
){end};
CREATE TABLE rollup_state (
  id {int} PRIMARY KEY,
  last_seq {int} NOT NULL
){end};
INSERT INTO rollup_state (id, last_seq) VALUES (1, 0);
)"};

std::string InDialect(std::string_view sql, const SqlDatabase::Dialect& dialect) {
  std::string text(sql);
  const std::pair<std::string_view, std::string_view> words[] = {{"{int}", dialect.integer},
                                                                 {"{text}", dialect.text},
                                                                 {"{end}", dialect.table_end},
                                                                 {"{alone}", dialect.alone}};
  for (const auto& [word, meaning] : words) {
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos;) {
      text.replace(at, word.size(), meaning);
      at += meaning.size();
    }
  }
  return text;
}

Result<std::int64_t> SchemaVersion(SqlDatabase* db) {
  std::int64_t version = 0;
  Status read = db->Query("SELECT coalesce(max(version), 0) FROM ledger_schema", {},
                          [&](const SqlRow& row) -> Status {
                            version = row.Int(0);
                            return Ok{};
                          });
  if (!read) return read.error();
  return version;
}

Status ApplyNext(SqlDatabase* db, std::int64_t version) {
  const std::string_view sql = kMigrations.at(static_cast<std::size_t>(version));
  if (Status done = db->Script(InDialect(sql, db->dialect())); !done) return done;
  return db->Run("INSERT INTO ledger_schema (version) VALUES ($1)", {version + 1});
}

// In a transaction, so that two processes that start at once do not both do it.
Status MigrateInside(SqlDatabase* db, std::int64_t target) {
  Result<std::int64_t> version = SchemaVersion(db);
  if (!version.ok()) return version.error();
  if (*version > NewestSchema()) {
    Error error;
    error.message =
        fmt::format("the ledger has schema version {}: this binary knows up to {}; use a newer one",
                    *version, NewestSchema());
    return error;
  }
  for (std::int64_t v = *version; v < target; ++v) {
    if (Status done = ApplyNext(db, v); !done) return done;
  }
  return Ok{};
}

}  // namespace

std::int64_t NewestSchema() { return static_cast<std::int64_t>(kMigrations.size()); }

Status MigrateTo(SqlDatabase* db, std::int64_t target) {
  const std::string table =
      InDialect("{alone}CREATE TABLE IF NOT EXISTS ledger_schema (version {int} NOT NULL){end}",
                db->dialect());
  if (Status made = db->Script(table); !made) return made;
  if (Status begun = db->Begin(); !begun) return begun;
  Status done = MigrateInside(db, target);
  if (done.ok()) done = db->Commit();
  if (!done.ok()) db->Rollback();
  return done;
}

Status Migrate(SqlDatabase* db) { return MigrateTo(db, NewestSchema()); }

}  // namespace fairlead::ledger
