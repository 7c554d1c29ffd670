// SQLite: a file, write-ahead log, synchronous=FULL, so that what was committed survives a power
// cut.
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "scheduler/ledger/sql_database.h"

namespace fairlead::ledger {
namespace {

constexpr int kBusyMs = 10'000;

class Row : public SqlRow {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Text(int column) const override {
    const void* text = sqlite3_column_blob(statement_, column);
    if (text == nullptr) return "";
    return {static_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

class Sqlite : public SqlDatabase {
 public:
  Sqlite(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  ~Sqlite() override {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  Dialect dialect() const override { return {"INTEGER", "TEXT", " STRICT", ""}; }

  // Whoever switches a new file to WAL has it alone for a moment, and SQLite's own patience does
  // not cover that.
  Status KeepJournal() {
    constexpr int kPauseMs = 5;
    for (int waited = 0;; waited += sqlite3_sleep(kPauseMs)) {
      const int code = sqlite3_exec(db_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                                    nullptr, nullptr, nullptr);
      if (code == SQLITE_OK) return Ok{};
      if (code != SQLITE_BUSY || waited >= kBusyMs) return Failure();
    }
  }

  Status Script(const std::string& sql) override {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return Ok{};
    return Failure();
  }

  Status Query(std::string_view sql, const std::vector<SqlValue>& values,
               const EachRow& each) override {
    sqlite3_stmt* statement = Prepared(sql);
    if (statement == nullptr) return Failure();
    for (std::size_t v = 0; v < values.size(); ++v)
      Bind(statement, static_cast<int>(v) + 1, values[v]);
    Status status = Step(statement, each);
    sqlite3_reset(statement);
    return status;
  }

  Status Begin() override { return Script("BEGIN IMMEDIATE"); }
  Status Commit() override { return Script("COMMIT"); }
  void Rollback() override { sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr); }

 private:
  Error Failure() const {
    Error error;
    error.file = path_;
    error.message = fmt::format("the ledger cannot be used: {}", sqlite3_errmsg(db_));
    return error;
  }

  sqlite3_stmt* Prepared(std::string_view sql) {
    const auto it = statements_.find(sql);
    if (it != statements_.end()) return it->second;
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return nullptr;
    statements_.emplace(std::string(sql), statement);
    return statement;
  }

  static void Bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(statement, index, *number);
      return;
    }
    // The text outlives the statement's run, and an empty one is no NULL.
    const std::string_view text = std::get<std::string_view>(value);
    sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(), text.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
  }

  Status Step(sqlite3_stmt* statement, const EachRow& each) {
    const Row row(statement);
    while (true) {
      const int code = sqlite3_step(statement);
      if (code == SQLITE_DONE) return Ok{};
      if (code != SQLITE_ROW) return Failure();
      if (Status status = each(row); !status) return status;
    }
  }

  sqlite3* db_;
  std::string path_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace

Result<std::unique_ptr<SqlDatabase>> OpenSqlite(const std::string& path, bool create) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  auto database = std::make_unique<Sqlite>(db, path);
  Error error;
  error.file = path;
  if (code != SQLITE_OK) {
    error.message = fmt::format("the ledger cannot be opened: {}", sqlite3_errstr(code));
    return error;
  }
  // A read-only file opens all the same and fails at the first write only.
  if (sqlite3_db_readonly(db, "main") == 1) {
    error.message = "the ledger cannot be written: expected a file that may be written";
    return error;
  }
  sqlite3_busy_timeout(db, kBusyMs);
  if (Status kept = database->KeepJournal(); !kept) return kept.error();
  return std::unique_ptr<SqlDatabase>(std::move(database));
}

}  // namespace fairlead::ledger
