// PostgreSQL through libpq. A connection that broke is made anew by the next transaction or query
// outside of one; what was in flight is an error, and writing it again is harmless.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include "scheduler/ledger/sql_database.h"

namespace fairlead::ledger {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

class Row : public SqlRow {
 public:
  Row(const PGresult* result, int row) : result_(result), row_(row) {}
  std::int64_t Int(int column) const override {
    const std::string_view text = Text(column);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  std::string_view Text(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* result_;
  int row_;
};

std::string Trimmed(const char* text) {
  std::string message = text == nullptr ? "" : text;
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  for (char& c : message) c = c == '\n' ? ' ' : c;
  return message;
}

class Postgres : public SqlDatabase {
 public:
  explicit Postgres(PGconn* connection) : connection_(connection) {
    // "relation exists, skipping" and the like are no news.
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
  }
  ~Postgres() override { PQfinish(connection_); }
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  Status Reached() const {
    if (PQstatus(connection_) != CONNECTION_OK) return Failure();
    return Ok{};
  }

  // The order of bytes, as in SQLite, whatever the server's locale.
  Dialect dialect() const override {
    return {"BIGINT", "TEXT COLLATE \"C\"", "", "SELECT pg_advisory_xact_lock(20261001); "};
  }

  Status Script(const std::string& sql) override {
    const Answer answer(PQexec(connection_, sql.c_str()));
    return Check(answer.get());
  }

  Status Query(std::string_view sql, const std::vector<SqlValue>& values,
               const EachRow& each) override {
    Mend();
    const Result<std::string> name = Prepared(sql);
    if (!name.ok()) return name.error();
    std::vector<std::string> numbers;
    numbers.reserve(values.size());
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const SqlValue& value : values) {
      const auto* number = std::get_if<std::int64_t>(&value);
      numbers.push_back(number != nullptr ? fmt::format("{}", *number)
                                          : std::string(std::get<std::string_view>(value)));
      if (numbers.back().find('\0') != std::string::npos) {
        return Error{"a text with a zero byte: PostgreSQL keeps none", "", 0, 0, ""};
      }
    }
    for (const std::string& number : numbers) texts.push_back(number.c_str());
    const int sent = PQsendQueryPrepared(connection_, name->c_str(), static_cast<int>(texts.size()),
                                         texts.data(), nullptr, nullptr, 0);
    if (sent != 1 || PQsetSingleRowMode(connection_) != 1) return Failure();
    return Take(each);
  }

  Status Begin() override {
    Mend();
    return Script("BEGIN; LOCK TABLE ledger_schema IN EXCLUSIVE MODE");
  }
  Status Commit() override { return Script("COMMIT"); }
  void Rollback() override { const Answer ignored(PQexec(connection_, "ROLLBACK")); }

 private:
  Error Failure() const {
    Error error;
    error.message = fmt::format("the ledger at PostgreSQL cannot be used: {}",
                                Trimmed(PQerrorMessage(connection_)));
    return error;
  }
  Status Check(const PGresult* answer) const {
    const ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return Ok{};
    return Failure();
  }

  void Mend() {
    if (PQstatus(connection_) == CONNECTION_OK) return;
    PQreset(connection_);
    names_.clear();
  }

  Result<std::string> Prepared(std::string_view sql) {
    const auto it = names_.find(sql);
    if (it != names_.end()) return it->second;
    std::string name = fmt::format("s{}", names_.size());
    const Answer answer(PQprepare(connection_, name.c_str(), std::string(sql).c_str(), 0, nullptr));
    if (Status status = Check(answer.get()); !status) return status.error();
    names_.emplace(std::string(sql), name);
    return name;
  }

  // Rows come one by one; all must be taken before the next query, whatever `each` says.
  Status Take(const EachRow& each) {
    Status status = Ok{};
    while (true) {
      const Answer answer(PQgetResult(connection_));
      if (!answer) return status;
      if (PQresultStatus(answer.get()) != PGRES_SINGLE_TUPLE) {
        if (status.ok()) status = Check(answer.get());
        continue;
      }
      if (status.ok()) status = each(Row(answer.get(), 0));
    }
  }

  PGconn* connection_;
  std::map<std::string, std::string, std::less<>> names_;  // of prepared statements
};

}  // namespace

Result<std::unique_ptr<SqlDatabase>> OpenPostgres(const std::string& url) {
  auto database = std::make_unique<Postgres>(PQconnectdb(url.c_str()));
  if (Status reached = database->Reached(); !reached) return reached.error();
  return std::unique_ptr<SqlDatabase>(std::move(database));
}

}  // namespace fairlead::ledger
