// Ledgers for tests: a file or a schema of the PostgreSQL server that runs beside the tests, each
// new and empty.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>

#include "fairlead/ledger/store.h"
#include "scheduler/ledger/sql_database.h"

namespace fairlead::testing {

enum class Backend { kSqlite, kPostgres };

inline std::string BackendName(Backend backend) {
  return backend == Backend::kSqlite ? "Sqlite" : "Postgres";
}

class EmptyLedger {
 public:
  explicit EmptyLedger(Backend backend) {
    static int made = 0;
    name_ = "t" + std::to_string(getpid()) + "_" + std::to_string(++made);
    if (backend == Backend::kSqlite) {
      path_ = std::filesystem::temp_directory_path() / ("fairlead-" + name_ + ".db");
      Remove();
      url_ = "sqlite:" + path_.string();
      return;
    }
    std::ifstream file(FAIRLEAD_POSTGRES);
    server_.assign(std::istreambuf_iterator<char>(file), {});
    if (server_.empty()) {
      ADD_FAILURE() << "no PostgreSQL server: run this with ctest, which starts one";
      return;
    }
    OnServer("DROP SCHEMA IF EXISTS " + name_ + " CASCADE; CREATE SCHEMA " + name_);
    url_ = server_ + "?options=-csearch_path%3D" + name_;
  }
  ~EmptyLedger() {
    if (!server_.empty()) OnServer("DROP SCHEMA IF EXISTS " + name_ + " CASCADE");
    Remove();
  }
  EmptyLedger(const EmptyLedger&) = delete;
  EmptyLedger& operator=(const EmptyLedger&) = delete;

  const std::string& url() const { return url_; }

  std::unique_ptr<ledger::Store> Open(ledger::Failpoint failpoint = nullptr) const {
    auto store = ledger::OpenStore(url_, {.create = true, .failpoint = std::move(failpoint)});
    EXPECT_TRUE(store.ok()) << store.error().ToString();
    return store.ok() ? std::move(*store) : nullptr;
  }
  // Behind the store's back.
  std::unique_ptr<ledger::SqlDatabase> Database() const {
    auto db = path_.empty() ? ledger::OpenPostgres(url_) : ledger::OpenSqlite(path_, true);
    EXPECT_TRUE(db.ok()) << db.error().ToString();
    return db.ok() ? std::move(*db) : nullptr;
  }
  void Sql(const std::string& script) const {
    const Status done = Database()->Script(script);
    EXPECT_TRUE(done.ok()) << done.error().ToString();
  }

 private:
  void OnServer(const std::string& script) const {
    auto db = ledger::OpenPostgres(server_);
    ASSERT_TRUE(db.ok()) << db.error().ToString();
    const Status done = (*db)->Script(script);
    EXPECT_TRUE(done.ok()) << done.error().ToString();
  }
  void Remove() const {
    if (path_.empty()) return;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::error_code ignored;
      std::filesystem::remove(path_.string() + suffix, ignored);
    }
  }

  std::string name_;
  std::filesystem::path path_;
  std::string server_;
  std::string url_;
};

}  // namespace fairlead::testing
