#include "fairlead/ledger/billing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/ledger/calendar.h"
#include "tests/unit/ledger/intervals.h"

namespace fairlead::ledger {
namespace {

using fairlead::testing::At;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& yaml) {
  const Result<Billing> billing = ParseBilling(yaml, "b.yaml");
  return billing.ok() ? "" : billing.error().ToString();
}

TEST(Billing, AnEmptyDocumentIsTheDefault) {
  EXPECT_EQ(*ParseBilling("", "b.yaml"), DefaultBilling());
}

TEST(Billing, WhatIsWrongIsSaidWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"rates: [{resource: gpu}]", "price"},
      {"rates: [{resource: gold, price: 1}]", "b.yaml:1:"},
      {"rates: [{resource: gpu, price: -1}]", "price"},
      {"rates: [{resource: gpu, price: 0.0000000001}]", "price"},
      {"rates: [{resource: cpu, price: 1, model: H100}]", "model"},
      {"rates: [{resource: gpu, price: 1, from: 2026-13-01}]", "from"},
      {"rates: [{resource: gpu, price: 1, from: 2026-02-01, to: 2026-02-01}]", "to"},
      {"rates:\n  - {resource: gpu, price: 1}\n  - {resource: gpu, price: 2, from: 2026-01-01}",
       "b.yaml:3:5: rates[1]: rates[0] says the same"},
      {"zone: Europe/Atlantis", "no such time zone"},
      {"currency: dollars", "currency"},
      {"currency: eur", "currency"},
      {"idle: sometimes", "none, even, weighted"},
      {"budgets: [{tenant: a}]", "amount"},
      {"budgets: [{tenant: a, amount: 5, gpu_hours: 6}]", "amount"},
      {"budgets: [{tenant: a, amount: 5, period: year}]", "period"},
      {"budgets: [{tenant: a, amount: 5, thresholds: [half]}]", "thresholds"},
      {"colour: red", "colour"},
  };
  for (const auto& [yaml, found] : cases) EXPECT_THAT(ErrorOf(yaml), HasSubstr(found)) << yaml;
}

TEST(Billing, RatesFollowEachOtherWithoutOverlap) {
  EXPECT_EQ(ErrorOf("rates:\n  - {resource: gpu, price: 1, to: 2026-02-01}\n"
                    "  - {resource: gpu, price: 2, from: 2026-02-01}"),
            "");
}

TEST(Calendar, PeriodsOfEveryKind) {
  const auto berlin = [](const char* text) { return *ParsePeriod(text, "Europe/Berlin"); };
  EXPECT_EQ(berlin("2026-10").from, At("2026-09-30T22:00:00Z"));
  EXPECT_EQ(berlin("2026-10").to, At("2026-10-31T23:00:00Z"));
  EXPECT_EQ(berlin("2026-Q4").to, At("2026-12-31T23:00:00Z"));
  // The week of January 1st 2026, a Thursday, is the first; 2026 has 53 weeks.
  EXPECT_EQ(ParsePeriod("2026-W01", "UTC")->from, At("2025-12-29T00:00:00Z"));
  EXPECT_EQ(ParsePeriod("2026-W53", "UTC")->to, At("2027-01-04T00:00:00Z"));
  EXPECT_FALSE(ParsePeriod("2025-W53", "UTC").ok());
  // Midnight does not exist on this day there.
  EXPECT_EQ(ParsePeriod("2018-11-04", "America/Sao_Paulo")->from, At("2018-11-04T03:00:00Z"));
  for (const char* text : {"", "2026", "2026-1", "2026-02-30", "2026-W54", "2026-Q5", "26-10-01",
                           "2026-1O", "2026-10-5", "2026-10-05T00:00:00Z"}) {
    EXPECT_FALSE(ParsePeriod(text, "UTC").ok()) << text;
  }
}

TEST(Calendar, MonthsBetween) {
  const auto months =
      MonthsBetween(At("2026-10-31T22:59:59Z"), At("2026-12-01T00:00:00Z"), "Europe/Berlin");
  ASSERT_EQ(months.size(), 3U);
  EXPECT_EQ(months[0].name, "2026-10");
  EXPECT_EQ(months[2].name, "2026-12");
}

}  // namespace
}  // namespace fairlead::ledger
