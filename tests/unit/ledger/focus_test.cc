// Each rule of the checker finds what breaks it, and what is written breaks none.
#include "fairlead/ledger/focus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class FocusTest : public ::testing::Test {
 protected:
  FocusTest() : ledger_(Backend::kSqlite), store_(ledger_.Open()) {
    Interval odd = Use("=ml", "odd", 1);
    odd.environment = "a\"b,c";
    odd.end = odd.start + Duration{1'234'567'891'011};
    odd.record_id = RecordIdOf(odd);
    EXPECT_TRUE(store_->Write({Append{Use("ml", "a", 7)}, Append{odd}}, odd.start).ok());
    StatementRequest request;
    request.period = "2026-10";
    request.as_of = At("2026-11-01T00:00:00Z");
    statement_ = *MakeStatement(store_.get(), request);
    csv_ = FocusCsv(statement_);
  }
  // The file with the value of a column of its first row replaced.
  std::string With(const std::string& column, const std::string& raw) const {
    auto rows = *ParseCsv(csv_);
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        if (c > 0) text += ",";
        const bool hit = r == 1 && rows[0][c].text == column;
        std::string cell = rows[r][c].text;
        if (rows[r][c].quoted) {
          std::string quoted = "\"";
          for (const char q : cell) quoted += q == '"' ? std::string("\"\"") : std::string(1, q);
          cell = quoted + "\"";
        }
        text += hit ? raw : cell;
      }
      text += "\r\n";
    }
    return text;
  }
  static std::vector<std::string> Rules(const std::string& csv) {
    std::vector<std::string> rules;
    for (const FocusFinding& finding : CheckFocus(csv, 2)) rules.push_back(finding.rule);
    return rules;
  }

  EmptyLedger ledger_;
  std::unique_ptr<Store> store_;
  Statement statement_;
  std::string csv_;
};

TEST_F(FocusTest, WhatIsWrittenKeepsEveryRuleAndSumsToTheInvoice) {
  EXPECT_EQ(With("", ""), csv_);
  EXPECT_THAT(Rules(csv_), IsEmpty());
  const auto rows = *ParseCsv(csv_);
  std::int64_t sum = 0;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    std::string cost = rows[r][0].text;  // BilledCost
    cost.erase(cost.find('.'), 1);
    sum += std::stoll(cost);
  }
  EXPECT_EQ(sum, statement_.total);
  EXPECT_GT(sum, 0);
  EXPECT_THAT(csv_, HasSubstr("'=ml"));
}

TEST_F(FocusTest, EachRuleFindsItsOffence) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"BilledCost", "NULL", "null"},
      {"BilledCost", "", "empty string"},
      {"BilledCost", "1e3", "decimal"},
      {"BillingPeriodEnd", "2026-11-01T00:00:00+00:00", "time"},
      {"BillingPeriodEnd", "2026-10-01T00:00:00Z", "billing period"},
      {"ChargePeriodEnd", "2026-10-01T00:00:00Z", "charge period"},
      {"ChargePeriodEnd", "2026-12-01T00:00:00Z", "charge outside"},
      {"BillingCurrency", "usd", "currency"},
      {"ChargeCategory", "Rent", "charge category"},
      {"ChargeClass", "Mistake", "charge class"},
      {"ServiceCategory", "Magic", "service category"},
      {"PricingQuantity", "NULL", "pricing"},
      {"PricingUnit", "NULL", "pricing"},
      {"ConsumedUnit", "NULL", "consumed"},
      {"ListUnitPrice", "77", "unit price"},
      {"ContractedCost", "7.77", "unit price"},
      {"Tags", "\"[1]\"", "json"},
  };
  for (const auto& [column, value, rule] : cases) {
    EXPECT_THAT(Rules(With(column, value)), ::testing::Contains(rule)) << column << " " << value;
  }
}

TEST_F(FocusTest, HeadersAreChecked) {
  const auto renamed = [&](const std::string& from, const std::string& to) {
    std::string text = csv_;
    text.replace(text.find(from), from.size(), to);
    return Rules(text);
  };
  EXPECT_THAT(renamed("ChargeCategory", "x_Category"), ::testing::Contains("mandatory column"));
  EXPECT_THAT(renamed("ChargeCategory", "x_Category"), ::testing::Contains("column order"));
  EXPECT_THAT(renamed("x_Kind", "Kind"), ::testing::Contains("custom column"));
  EXPECT_THAT(renamed("x_Kind", "Tags"), ::testing::Contains("duplicate column"));
  EXPECT_THAT(Rules(""), ::testing::Contains("header"));
  EXPECT_THAT(Rules(csv_ + "1,2\r\n"), ::testing::Contains("cells"));
  EXPECT_THAT(Rules(csv_ + "\"open"), ::testing::Contains("csv"));
}

TEST_F(FocusTest, AClosedPeriodSaysWhatItSaid) {
  EXPECT_THAT(CheckFocusUnchanged(csv_, csv_), IsEmpty());
  EXPECT_THAT(CheckFocusUnchanged(csv_, With("BilledCost", "9.99")), ::testing::SizeIs(1));
  EXPECT_THAT(CheckFocusUnchanged(csv_, csv_.substr(0, csv_.rfind("\r\n", csv_.size() - 3) + 2)),
              ::testing::SizeIs(1));
}

TEST(FocusBillingPeriods, SaysWhichAreClosed) {
  const Period october{"2026-10", At("2026-10-01T00:00:00Z"), At("2026-11-01T00:00:00Z")};
  EXPECT_THAT(FocusBillingPeriods({{october, true, october.from, october.to}}, "me"),
              HasSubstr("2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,"
                        "2026-10-01T00:00:00Z,Closed,me"));
}

}  // namespace
}  // namespace fairlead::ledger
