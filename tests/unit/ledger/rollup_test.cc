// Statements from rollups say what statements from records say, to the last byte.
#include <gtest/gtest.h>

#include "fairlead/ledger/statement.h"
#include "fairlead/ledger/statement_text.h"
#include "scheduler/ledger/rollup.h"
#include "tests/support/ledgers.h"
#include "tests/support/random.h"
#include "tests/unit/ledger/intervals.h"

namespace fairlead::ledger {
namespace {

using fairlead::testing::At;
using fairlead::testing::Backend;
using fairlead::testing::BackendName;
using fairlead::testing::EmptyLedger;
using fairlead::testing::Use;

Interval Drawn(fairlead::testing::Random* random, std::int64_t n) {
  const char* const environments[] = {"", "dev", "3:odd"};
  Interval i = Use("t" + std::to_string(random->Below(3)), "p" + std::to_string(n), 0);
  i.environment = environments[random->Below(3)];
  i.queue = "q" + std::to_string(random->Below(2));
  i.use_class = static_cast<UseClass>(random->Below(3));
  i.kind = random->Below(5) == 0 ? Kind::kReserved : Kind::kUsage;
  i.slices_per_gpu = static_cast<std::int32_t>(1 + random->Below(7));
  i.slices = static_cast<std::int32_t>(1 + random->Below(i.slices_per_gpu));
  if (random->Below(3) == 0) i.devices.clear(), i.slices = i.slices_per_gpu = 0;
  i.cpu_milli = random->Below(64'000);
  i.memory_bytes = random->Below(std::int64_t{1} << 41);
  if (random->Below(2) == 0) i.storage_bytes = random->Below(std::int64_t{1} << 43);
  i.start = Instant{At("2026-09-28T00:00:00Z").ns + random->Below(36LL * 86'400'000'000'000)};
  i.end = Instant{i.start.ns + 1 + random->Below(200'000'000'000'000)};
  i.end_reason = EndReason::kCompleted;
  i.record_id = RecordIdOf(i);
  return i;
}

class RollupTest : public ::testing::TestWithParam<Backend> {};

INSTANTIATE_TEST_SUITE_P(Ledger, RollupTest,
                         ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         [](const auto& p) { return BackendName(p.param); });

TEST_P(RollupTest, SayTheSameAsTheRecords) {
  EmptyLedger ledger(GetParam());
  auto store = ledger.Open();
  fairlead::testing::Random random(7);
  const auto put = [&](std::int64_t from, std::int64_t to) {
    std::vector<Change> changes;
    for (std::int64_t n = from; n < to; ++n) changes.push_back(Append{Drawn(&random, n)});
    ASSERT_TRUE(store->Write(changes, At("2026-11-01T00:00:00Z")).ok());
  };
  const auto same = [&](const char* period, const char* zone) {
    for (const char* by :
         {"environment", "tenant", "namespace", "queue", "model", "class", "user"}) {
      StatementRequest request;
      request.period = period;
      request.by = by;
      request.as_of = At("2026-11-05T00:00:00Z");
      request.billing = *ParseBilling(
          std::string("charge_reserved: true\nzone: ") + zone +
              "\nrates:\n  - {resource: cpu, price: 0.05, to: 2026-10-10}\n  - {resource: cpu, "
              "price: 0.07, from: 2026-10-10}\n  - {resource: memory, price: 0.01}\n  - {resource: "
              "gpu, price: 2.5}\n  - {resource: storage, price: 0.1}",
          "b");
      const Result<Statement> fast = MakeStatement(store.get(), request);
      request.rollups = false;
      const Result<Statement> slow = MakeStatement(store.get(), request);
      ASSERT_TRUE(fast.ok()) << fast.error().ToString();
      EXPECT_EQ(StatementJson(*fast), StatementJson(*slow)) << period << " " << by << " " << zone;
      EXPECT_GT(fast->total, 0);
    }
  };
  put(0, 300);
  ASSERT_TRUE(store->RollUp().ok());
  EXPECT_EQ(*store->RolledUpTo(), 300);
  same("2026-10", "UTC");
  put(300, 350);  // not rolled up yet
  same("2026-10", "UTC");
  same("2026-10-03", "Europe/Berlin");
  same("2026-10", "Asia/Kolkata");  // days begin at half past
  ASSERT_TRUE(store
                  ->ClosePeriod({.name = "2026-10",
                                 .from = At("2026-10-01T00:00:00Z"),
                                 .to = At("2026-11-01T00:00:00Z"),
                                 .last_seq = 0,
                                 .billing = *store->KeepBilling(At("2026-11-02T00:00:00Z")),
                                 .closed_at = At("2026-11-02T00:00:00Z")})
                  .ok());
  put(350, 400);
  ASSERT_TRUE(store->RollUp().ok());  // past the closing
  same("2026-10", "UTC");
  same("2026-11", "UTC");
}

TEST(WideText, HoldsEvery128Bits) {
  for (const Int128 value :
       {Int128{0}, Int128{-1}, Int128{INT64_MAX} * INT64_MAX, Int128{INT64_MIN} * INT64_MAX,
        static_cast<Int128>(Int128{1} << 126) * -2}) {
    EXPECT_EQ(ParseWide(WideText(value)) == value, true);
  }
  EXPECT_EQ(WideText(Int128{-120}), "-120");
}

}  // namespace
}  // namespace fairlead::ledger
