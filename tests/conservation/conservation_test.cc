// The identity of the ledger under random histories, in integers, for every hour, node and unit:
// tenants + system + reserved + down + idle - over = capacity, each term equal to what really was.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/conservation/usage_world.h"
#include "tests/support/ledgers.h"

namespace fairlead::testing {
namespace {

std::string Show(const ledger::BalanceKey& key, const ledger::Balance& b) {
  const auto number = [](ledger::WideInt value) {
    return std::to_string(static_cast<double>(value));  // for people only
  };
  return FormatInstant(key.hour) + " " + key.node + " unit " + std::to_string(key.unit) + " " +
         key.model + "/" + std::to_string(key.slices_per_gpu) + ": tenants " + number(b.tenants) +
         " system " + number(b.system) + " reserved " + number(b.reserved) + " down " +
         number(b.down) + " idle " + number(b.idle) + " over " + number(b.over) + " capacity " +
         number(b.capacity);
}

void ExpectSame(const ledger::BalanceSheet& truth, const ledger::BalanceSheet& ledger) {
  for (const auto& [key, balance] : truth) {
    const auto it = ledger.find(key);
    ASSERT_NE(it, ledger.end()) << "the ledger lacks " << Show(key, balance);
    ASSERT_EQ(it->second == balance, true)
        << "truth  " << Show(key, balance) << "\nledger " << Show(key, it->second);
    ASSERT_TRUE(it->second.Holds()) << Show(key, it->second);
  }
  for (const auto& [key, balance] : ledger) {
    ASSERT_TRUE(truth.contains(key)) << "only the ledger has " << Show(key, balance);
  }
}

// No pod has two intervals at once, and none stands there twice.
void ExpectApart(ledger::Store* store) {
  std::map<std::string, std::int64_t> ends;  // by pod
  std::set<std::string> ids;
  const Status read = store->Read({}, [&](const ledger::StoredInterval& stored) -> Status {
    const ledger::Interval& i = stored.interval;
    EXPECT_TRUE(ids.insert(i.record_id).second);
    const std::string who = i.kind == ledger::Kind::kCapacity ? "node " + i.node : i.pod_uid;
    EXPECT_LE(ends[who], i.start.ns) << who;
    ends[who] = i.end->ns;
    return Ok{};
  });
  EXPECT_TRUE(read.ok());
  const auto still_open = store->OpenIntervals();
  for (const ledger::Interval& i : *still_open) {
    const std::string who = i.kind == ledger::Kind::kCapacity ? "node " + i.node : i.pod_uid;
    EXPECT_LE(ends[who], i.start.ns) << who;
  }
}

std::map<std::string, ledger::WideInt> CpuByTenant(ledger::Store* store, Instant until) {
  std::map<std::string, ledger::WideInt> sums;
  const auto add = [&](const ledger::Interval& i) {
    const std::int64_t ns = i.end.value_or(until).ns - i.start.ns;
    if (i.kind == ledger::Kind::kUsage && ns > 0) {
      sums[i.tenant] += ledger::WideInt{ns} * i.cpu_milli;
    }
  };
  EXPECT_TRUE(store
                  ->Read({},
                         [&](const ledger::StoredInterval& stored) -> Status {
                           add(stored.interval);
                           return Ok{};
                         })
                  .ok());
  const auto still_open = store->OpenIntervals();
  for (const ledger::Interval& i : *still_open) add(i);
  return sums;
}

struct Seen {
  std::size_t binds = 0, evictions = 0, keys = 0;
  int restarts = 0;
  ledger::Balance sum;
};

void RunHistory(Backend backend, std::uint32_t seed, int steps, Seen* seen) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  EmptyLedger ledger(backend);
  auto store = ledger.Open();
  UsageWorld world(seed, store.get());
  world.Run(steps);
  const std::vector<Instant> bounds = ledger::HourBounds(world.begun(), world.now());
  if (bounds.front() == bounds.back()) return;
  const auto sheet = ledger::BalanceOf(store.get(), bounds, world.now());
  ASSERT_TRUE(sheet.ok()) << sheet.error().ToString();
  ExpectSame(world.truth().Sheet(bounds), *sheet);
  ExpectApart(store.get());
  EXPECT_EQ(CpuByTenant(store.get(), world.now()) == world.truth().CpuByTenant(world.now().ns),
            true);
  const auto verified = store->Verify();
  EXPECT_TRUE(verified.ok()) << verified.error().ToString();
  seen->binds += world.binds();
  seen->evictions += world.evictions();
  seen->restarts += world.restarts();
  seen->keys += sheet->size();
  for (const auto& [key, b] : *sheet) {
    seen->sum.tenants += b.tenants > 0;
    seen->sum.system += b.system > 0;
    seen->sum.reserved += b.reserved > 0;
    seen->sum.down += b.down > 0;
    seen->sum.over += b.over > 0;
  }
}

// A history in which nothing happens proves nothing.
void ExpectEventful(const Seen& seen) {
  EXPECT_GT(seen.binds, 100U);
  EXPECT_GT(seen.evictions, 0U);
  EXPECT_GT(seen.restarts, 3);
  for (const ledger::WideInt n :
       {seen.sum.tenants, seen.sum.system, seen.sum.reserved, seen.sum.down, seen.sum.over}) {
    EXPECT_EQ(n > 0, true);
  }
}

TEST(Conservation, HoldsInRandomHistoriesOnSqlite) {
  Seen seen;
  for (std::uint32_t seed = 1; seed <= 25 && !::testing::Test::HasFatalFailure(); ++seed) {
    RunHistory(Backend::kSqlite, seed, 300, &seen);
  }
  ExpectEventful(seen);
}

TEST(Conservation, HoldsInRandomHistoriesOnPostgres) {
  Seen seen;
  for (std::uint32_t seed = 101; seed <= 110 && !::testing::Test::HasFatalFailure(); ++seed) {
    RunHistory(Backend::kPostgres, seed, 300, &seen);
  }
  ExpectEventful(seen);
}

}  // namespace
}  // namespace fairlead::testing
