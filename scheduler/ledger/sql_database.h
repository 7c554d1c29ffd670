// SqlDatabase: the little that the store asks of a database. Statements are written once, in the
// SQL that SQLite and PostgreSQL share; parameters are $1, $2 ... in order of their first
// appearance. Values never become part of a statement's text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fairlead/base/result.h"

namespace fairlead::ledger {

using SqlValue = std::variant<std::int64_t, std::string_view>;

// A row of an answer; valid inside the call that gets it.
class SqlRow {
 public:
  virtual ~SqlRow() = default;
  virtual std::int64_t Int(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
};

class SqlDatabase {
 public:
  using EachRow = std::function<Status(const SqlRow&)>;
  virtual ~SqlDatabase() = default;

  // The words in which the two differ: types of columns, what stands behind a table, and before
  // statements that two processes must not run at once.
  struct Dialect {
    std::string_view integer;
    std::string_view text;
    std::string_view table_end;
    std::string_view alone;
  };
  virtual Dialect dialect() const = 0;

  // Statements without parameters, for schemas; separated by semicolons.
  virtual Status Script(const std::string& sql) = 0;
  // One statement, prepared once.
  virtual Status Query(std::string_view sql, const std::vector<SqlValue>& values,
                       const EachRow& each) = 0;
  Status Run(std::string_view sql, const std::vector<SqlValue>& values) {
    return Query(sql, values, [](const SqlRow&) -> Status { return Ok{}; });
  }

  // Of a transaction that writes: one at a time, others wait.
  virtual Status Begin() = 0;
  virtual Status Commit() = 0;
  virtual void Rollback() = 0;
};

Result<std::unique_ptr<SqlDatabase>> OpenSqlite(const std::string& path, bool create);
Result<std::unique_ptr<SqlDatabase>> OpenPostgres(const std::string& url);

// Brings the schema to the newest version.
Status Migrate(SqlDatabase* db);
// To that version only, for tests of migrations.
Status MigrateTo(SqlDatabase* db, std::int64_t version);
std::int64_t NewestSchema();

}  // namespace fairlead::ledger
