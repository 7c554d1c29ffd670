// Statements end to end over a store: the figures are derived beside each expectation.
#include "fairlead/ledger/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/ledger/statement_text.h"
#include "tests/support/ledgers.h"
#include "tests/unit/ledger/intervals.h"

namespace fairlead::ledger {
namespace {

using fairlead::testing::At;
using fairlead::testing::Backend;
using fairlead::testing::EmptyLedger;
using fairlead::testing::Use;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
const Instant kEnd = At("2026-11-01T00:00:00Z");

class StatementTest : public ::testing::Test {
 protected:
  StatementTest() : ledger_(Backend::kSqlite), store_(ledger_.Open()) {}

  void Put(Interval interval) {
    interval.record_id = RecordIdOf(interval);
    const Result<Written> written = store_->Write({Append{std::move(interval)}}, kEnd);
    ASSERT_TRUE(written.ok()) << written.error().ToString();
  }
  // So many of each for `hours` from the beginning of October; GPUs are whole ones.
  static Interval Some(const std::string& environment, std::int64_t cpu_milli, std::int64_t gib,
                       std::int64_t gpus, std::int64_t hours) {
    Interval i =
        Use("ml", environment + std::to_string(cpu_milli) + "-" + std::to_string(gpus), hours);
    i.environment = environment;
    i.cpu_milli = cpu_milli;
    i.memory_bytes = gib * kGiB;
    i.devices.clear();
    for (std::int32_t d = 0; d < gpus; ++d) i.devices.push_back(d);
    if (gpus == 0) i.slices = i.slices_per_gpu = 0;
    return i;
  }
  static Billing Parsed(const std::string& yaml) {
    const Result<Billing> billing = ParseBilling(yaml, "billing.yaml");
    EXPECT_TRUE(billing.ok()) << billing.error().ToString();
    return billing.ok() ? *billing : DefaultBilling();
  }
  Result<Statement> Make(const std::string& period, std::optional<Billing> billing = std::nullopt,
                         std::optional<std::string> tenant = "ml", Instant as_of = kEnd) {
    StatementRequest request;
    request.tenant = std::move(tenant);
    request.period = period;
    request.as_of = as_of;
    request.billing = std::move(billing);
    return MakeStatement(store_.get(), request);
  }
  Statement Must(const std::string& period, std::optional<Billing> billing = std::nullopt,
                 std::optional<std::string> tenant = "ml", Instant as_of = kEnd) {
    Result<Statement> made = Make(period, std::move(billing), std::move(tenant), as_of);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return made.ok() ? *made : Statement{};
  }
  static std::int64_t Sum(const Statement& s) {
    std::int64_t sum = 0;
    for (const StatementLine& line : s.lines) sum += line.cost;
    return sum;
  }
  // The month of a team: 5,690 core-hours, 14,800 GiB-hours, 160 GPU-hours in three environments,
  // and 2,500 GiB that are kept all month.
  void PutTheTeam() {
    Put(Some("dev", 12'500, 32, 0, 100));     // 1,250 core-hours, 3,200 GiB-hours
    Put(Some("dev", 0, 0, 2, 12));            // 24 GPU-hours
    Put(Some("staging", 8'400, 21, 0, 100));  // 840, 2,100
    Put(Some("staging", 0, 0, 4, 4));         // 16
    Put(Some("prod", 36'000, 95, 0, 100));    // 3,600, 9,500
    Put(Some("prod", 0, 0, 6, 20));           // 120
    Interval storage = Use("ml", "claim", 744);
    storage.devices.clear();
    storage.slices = storage.slices_per_gpu = 0;
    storage.cpu_milli = storage.memory_bytes = 0;
    storage.gpu_model = storage.node = "";
    storage.storage_bytes = 2'500 * kGiB;
    Put(storage);
  }

  EmptyLedger ledger_;
  std::unique_ptr<Store> store_;
};

TEST_F(StatementTest, TheMonthOfATeamToTheLastCent) {
  PutTheTeam();
  const Billing billing = Parsed("budgets: [{tenant: ml, amount: 1500}]");
  const Statement s = Must("2026-10", billing);
  // 5,690 x 0.05 = 284.50, 14,800 x 0.01 = 148.00, 160 x 2.50 = 400.00
  std::map<Resource, std::int64_t> by_resource;
  for (const StatementLine& line : s.lines) by_resource[line.resource] += line.cost;
  EXPECT_EQ(by_resource[Resource::kCpu], 284'50);
  EXPECT_EQ(by_resource[Resource::kMemory], 148'00);
  EXPECT_EQ(by_resource[Resource::kGpu], 400'00);
  EXPECT_EQ(s.usage_cost, 832'50);
  ASSERT_THAT(s.groups, SizeIs(3));
  EXPECT_EQ(s.groups[0].name, "dev");
  EXPECT_EQ(s.groups[0].cost, 154'50);  // 62.50 + 32.00 + 60.00
  EXPECT_EQ(s.groups[0].cpu_micro, 1'250'000'000);
  EXPECT_EQ(s.groups[0].memory_micro, 3'200'000'000);
  EXPECT_EQ(s.groups[0].gpu_micro, 24'000'000);
  EXPECT_EQ(s.groups[1].name, "prod");
  EXPECT_EQ(s.groups[1].cost, 575'00);  // 180.00 + 95.00 + 300.00
  EXPECT_EQ(s.groups[2].name, "staging");
  EXPECT_EQ(s.groups[2].cost, 103'00);  // 42.00 + 21.00 + 40.00
  EXPECT_EQ(s.storage_cost, 250'00);    // 2,500 x 0.10, a line of its own
  EXPECT_EQ(by_resource[Resource::kStorage], 250'00);
  EXPECT_EQ(s.total, 1'082'50);
  EXPECT_EQ(Sum(s), s.total);
  ASSERT_THAT(s.budgets, SizeIs(1));
  EXPECT_EQ(s.budgets[0].amount, 1'500'00);
  EXPECT_EQ(s.budgets[0].used, 1'082'50);
  EXPECT_EQ(s.budgets[0].percent_tenths, 722);  // 72.1666...
  EXPECT_EQ(s.budgets[0].remaining, 417'50);
  EXPECT_EQ(s.budgets[0].forecast, 1'082'50);  // the month is over
  EXPECT_THAT(s.budgets[0].reached, ::testing::ElementsAre(50));
  const std::string table = StatementTable(s);
  EXPECT_THAT(table, HasSubstr("total              5690      14800        160      832.50"));
  EXPECT_THAT(table, HasSubstr("1,500.00 USD, used 1,082.50 (72.2 %), remaining 417.50"));
}

TEST_F(StatementTest, TheForecastGoesOnAsSoFar) {
  // A GPU for the first 24 hours: 60.00 after a day, 31 days: 1,860.00.
  Put(Some("dev", 0, 0, 1, 24));
  const Billing billing = Parsed("budgets: [{tenant: ml, amount: 1500}]");
  const Statement s = Must("2026-10", billing, "ml", At("2026-10-02T00:00:00Z"));
  EXPECT_EQ(s.budgets[0].used, 60'00);
  EXPECT_EQ(s.budgets[0].forecast, 1'860'00);
  EXPECT_THAT(s.budgets[0].reached, IsEmpty());
  EXPECT_THAT(s.budgets[0].reached_by_end, ::testing::ElementsAre(50, 80, 100));
}

TEST_F(StatementTest, LinesSumToTheTotalWhereverTheyAreRounded) {
  // A third of a core for an hour is 1.666... cents. Three environments: 5.0 cents in all, lines of
  // 2, 2 and 1 (equal remainders: the first ones).
  for (const char* environment : {"a", "b", "c"}) {
    Interval i = Some(environment, 1'000, 0, 0, 1);
    i.end = i.start + Duration::Seconds(1'200);
    Put(i);
  }
  const Statement s = Must("2026-10");
  ASSERT_THAT(s.lines, SizeIs(3));
  EXPECT_EQ(s.total, 5);
  EXPECT_EQ(s.lines[0].cost, 2);
  EXPECT_EQ(s.lines[1].cost, 2);
  EXPECT_EQ(s.lines[2].cost, 1);
}

TEST_F(StatementTest, HalfACentIsRoundedToTheEvenOne) {
  Put(Some("a", 100, 0, 0, 1));  // 0.5 cents -> 0
  EXPECT_EQ(Must("2026-10").total, 0);
  Put(Some("b", 200, 0, 0, 1));  // 1.5 cents in all -> 2
  EXPECT_EQ(Must("2026-10").total, 2);
}

TEST_F(StatementTest, ASliceCostsItsPartOfAGpu) {
  Interval i = Some("dev", 0, 0, 1, 4);
  i.slices = 1;
  i.slices_per_gpu = 4;
  Put(i);  // a quarter for 4 hours: one GPU-hour
  Interval other = Some("dev", 0, 0, 2, 3);
  other.pod_uid = "other";
  other.slices = 2;
  other.slices_per_gpu = 3;
  Put(other);  // 2 x 2/3 x 3 hours: four GPU-hours
  EXPECT_EQ(Must("2026-10").total, 5 * 250);
}

TEST_F(StatementTest, TwoTebibytesForAMonthDoNotOverflow) {
  Interval i = Some("dev", 0, 2'048, 0, 744);
  Put(i);
  EXPECT_EQ(Must("2026-10").total, 2'048 * 744);  // cents: 0.01 per GiB-hour
}

TEST_F(StatementTest, TheMostSpecificRateThatIsValidCounts) {
  const Billing billing = Parsed(R"(
rates:
  - {resource: cpu, price: 0}
  - {resource: memory, price: 0}
  - {resource: gpu, price: 2}
  - {resource: gpu, price: 1, class: borrowed}
  - {resource: gpu, price: 4, model: H100, to: 2026-10-02}
  - {resource: gpu, price: 5, model: H100, from: 2026-10-02}
  - {resource: gpu, price: 3, tenant: rich}
)");
  Interval i = Some("dev", 0, 0, 1, 48);
  Put(i);
  EXPECT_EQ(Must("2026-10", billing).total, (24 * 4 + 24 * 5) * 100);
  i.use_class = UseClass::kBorrowed;
  i.pod_uid = "b";
  i.tenant = "tb";
  Put(i);
  EXPECT_EQ(Must("2026-10", billing, "tb").total, 48 * 100) << "class before model";
  i.tenant = "rich";
  i.pod_uid = "c";
  Put(i);
  EXPECT_EQ(Must("2026-10", billing, "rich").total, 48 * 300) << "tenant before class";
}

TEST_F(StatementTest, AGapOfRatesIsNamedAndNothingIsGuessed) {
  const Billing billing = Parsed(R"(
rates:
  - {resource: cpu, price: 1}
  - {resource: gpu, price: 2, to: 2026-10-02}
  - {resource: gpu, price: 3, from: 2026-10-05T06:00:00Z}
)");
  Put(Some("dev", 0, 0, 1, 24));
  EXPECT_TRUE(Make("2026-10", billing).ok());
  Put(Some("prod", 0, 0, 1, 240));
  const Result<Statement> s = Make("2026-10", billing);
  ASSERT_FALSE(s.ok());
  EXPECT_THAT(s.error().ToString(),
              HasSubstr("gpu H100 (class entitled, tenant ml) from 2026-10-02T00:00:00Z to "
                        "2026-10-05T06:00:00Z"));
}

TEST_F(StatementTest, DaysHaveAsManyHoursAsTheyHaveThere) {
  const Billing billing = Parsed("zone: Europe/Berlin");
  Interval i = Some("dev", 0, 0, 1, 744);
  i.start = At("2026-10-20T00:00:00Z");
  i.end = At("2026-10-31T00:00:00Z");
  Put(i);
  EXPECT_EQ(Must("2026-10-24", billing).total, 24 * 250);
  EXPECT_EQ(Must("2026-10-25", billing).total, 25 * 250);  // clocks go back
  Interval spring = i;
  spring.start = At("2026-03-20T00:00:00Z");
  spring.end = At("2026-04-10T00:00:00Z");
  Put(spring);
  EXPECT_EQ(Must("2026-03-29", billing).total, 23 * 250);
  EXPECT_EQ(Must("2026-W13", billing).total, (7 * 24 - 1) * 250);
}

TEST_F(StatementTest, WhatIsOpenCountsUpToNow) {
  Interval open = Use("ml", "open", 0);
  open.cpu_milli = open.memory_bytes = 0;
  ASSERT_TRUE(store_->Write({Open{open}}, kEnd).ok());
  EXPECT_EQ(Must("2026-10", std::nullopt, "ml", At("2026-10-01T10:00:00Z")).total, 2 * 10 * 250);
}

TEST_F(StatementTest, AClosedPeriodStaysAndLateFactsAreCorrectionsInTheNext) {
  Put(Some("dev", 0, 0, 1, 10));
  const Instant closing = At("2026-11-02T00:00:00Z");
  const std::int64_t version = *store_->KeepBilling(closing);
  ASSERT_TRUE(store_
                  ->ClosePeriod({.name = "2026-10",
                                 .from = At("2026-10-01T00:00:00Z"),
                                 .to = kEnd,
                                 .last_seq = 0,
                                 .billing = version,
                                 .closed_at = closing})
                  .ok());
  const std::string before = StatementJson(Must("2026-10"));
  Put(Some("late", 0, 0, 2, 10));  // 20 more GPU-hours of October
  // And the first one is corrected: it lasted 6 hours, not 10, and was staging's.
  Interval corrected = Some("dev", 0, 0, 1, 6);
  corrected.environment = "staging";
  corrected.revision = 1;
  corrected.supersedes = Use("ml", "dev0-1", 10).record_id;
  Put(corrected);
  ASSERT_TRUE(store_->SetBilling("rates: [{resource: gpu, price: 100}]", closing).ok());
  EXPECT_EQ(StatementJson(Must("2026-10")), before) << "neither records nor rates change it";
  const Statement november = Must("2026-11", std::nullopt, "ml", At("2026-12-01T00:00:00Z"));
  // 20 GPU-hours more and 4 less, at October's rates.
  EXPECT_EQ(november.correction_cost, 16 * 250);
  EXPECT_EQ(november.usage_cost, 0);
  EXPECT_EQ(november.total, 16 * 250);
  ASSERT_FALSE(november.lines.empty());
  EXPECT_EQ(november.lines[0].period, "2026-10");
  EXPECT_EQ(Must("2026-12", std::nullopt, "ml", At("2027-01-01T00:00:00Z")).total, 16 * 250)
      << "an open November has not settled it";
}

TEST_F(StatementTest, ACorrectionThatMovesUsageToAnotherTenantBalances) {
  Put(Some("dev", 0, 0, 1, 10));
  Interval moved = Some("dev", 0, 0, 1, 10);
  moved.revision = 1;
  moved.supersedes = Use("ml", "dev0-1", 10).record_id;
  moved.tenant = "tb";
  Put(moved);
  EXPECT_EQ(Must("2026-10").total, 0);
  EXPECT_EQ(Must("2026-10", std::nullopt, "tb").total, 10 * 250);
  EXPECT_EQ(Must("2026-10", std::nullopt, std::nullopt).total, 10 * 250);
}

TEST_F(StatementTest, IdleTimeIsSharedOutEvenlyOrByCost) {
  Interval capacity;
  capacity.kind = Kind::kCapacity;
  capacity.node = "n-1";
  capacity.gpu_model = "H100";
  capacity.devices = {0, 1, 2, 3};
  capacity.slices = capacity.slices_per_gpu = 1;
  capacity.start = At("2026-10-01T00:00:00Z");
  capacity.end = At("2026-10-01T10:00:00Z");
  capacity.end_reason = EndReason::kDeleted;
  Put(capacity);                  // 40 GPU-hours
  Put(Some("dev", 0, 0, 1, 10));  // ml: device 0, 10 of them
  Interval other = Some("dev", 0, 0, 1, 5);
  other.tenant = "tb";
  other.pod_uid = "tb";
  other.devices = {1};
  Put(other);  // tb: 5; idle: 25
  EXPECT_EQ(Must("2026-10", Parsed("idle: even")).total, 10 * 250 + 3125);
  EXPECT_EQ(Must("2026-10", Parsed("idle: even"), "tb").total, 5 * 250 + 3125);
  // 25 x 2.50 = 62.50, two thirds to ml: 41.666...
  EXPECT_EQ(Must("2026-10", Parsed("idle: weighted")).total, 10 * 250 + 4167);
  EXPECT_EQ(Must("2026-10", Parsed("idle: weighted"), std::nullopt).total, 15 * 250 + 6250);
  EXPECT_EQ(Must("2026-10", Parsed("idle: none")).total, 10 * 250);
}

TEST_F(StatementTest, NamesOfPeopleAreNoFormulasAndNoMarkup) {
  Interval i = Some("=HYPERLINK(\"http://x\")", 1'000, 0, 0, 1);
  Put(i);
  i.environment = "<script>\x1b[31m";
  i.pod_uid = "b";
  Put(i);
  i.environment = "@a,\"b\"\n";
  i.pod_uid = "c";
  Put(i);
  Put(Some("-5", 1'000, 0, 0, 1));
  const Statement s = Must("2026-10");
  const std::string csv = StatementCsv(s);
  EXPECT_THAT(csv, HasSubstr("\"'=HYPERLINK(\"\"http://x\"\")\""));
  EXPECT_THAT(csv, HasSubstr("\"'@a,\"\"b\"\"\n\""));
  EXPECT_THAT(csv, HasSubstr(",'-5,"));
  EXPECT_THAT(StatementHtml(s), Not(HasSubstr("<script>")));
  EXPECT_THAT(StatementTable(s), Not(HasSubstr("\x1b")));
}

TEST_F(StatementTest, SaysWhatIsWrongWithARequest) {
  EXPECT_THAT(Make("2026-13").error().ToString(), HasSubstr("period: '2026-13'"));
  StatementRequest request;
  request.period = "2026-10";
  request.by = "colour";
  EXPECT_THAT(MakeStatement(store_.get(), request).error().ToString(), HasSubstr("by: 'colour'"));
  EXPECT_THAT(StatementTable(Must("2026-10")), HasSubstr("No usage"));
}

TEST(FixedDecimal, IsExact) {
  EXPECT_EQ(FixedDecimal(108'250, 2, true), "1,082.50");
  EXPECT_EQ(FixedDecimal(-5, 2), "-0.05");
  EXPECT_EQ(FixedDecimal(INT64_MIN, 0), "-9223372036854775808");
  EXPECT_EQ(FixedDecimal(123'456'789, 0, true), "123,456,789");
  EXPECT_EQ(ShortDecimal(2'500'000, 6), "2.5");
  EXPECT_EQ(ShortDecimal(-2'000'000, 6), "-2");
  EXPECT_EQ(ShortDecimal(100, 0), "100");
}

}  // namespace
}  // namespace fairlead::ledger
