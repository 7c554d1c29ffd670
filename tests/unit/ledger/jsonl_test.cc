#include "fairlead/ledger/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/ledgers.h"
#include "tests/unit/ledger/intervals.h"

namespace fairlead::ledger {
namespace {

using fairlead::testing::At;
using fairlead::testing::Backend;
using fairlead::testing::BackendName;
using fairlead::testing::EmptyLedger;
using fairlead::testing::Use;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Instant kNow = At("2026-11-01T00:00:00Z");

std::string Exported(Store* store) {
  std::ostringstream out;
  const auto lines = ExportLines(store, &out);
  EXPECT_TRUE(lines.ok()) << lines.error().ToString();
  return out.str();
}

std::string ImportError(Store* store, const std::string& text) {
  std::istringstream in(text);
  const auto imported = ImportLines(&in, "usage.jsonl", store, kNow);
  return imported.ok() ? "" : imported.error().ToString();
}

std::vector<Change> SomeOfEverything() {
  Interval full = Use("tä \"x\"", "p,1", 3);
  full.queue = "q";
  full.environment = "prod";
  full.gang = "g";
  full.owner_kind = "Job";
  full.owner = "train";
  full.user = "ann";
  full.cost_center = "cc";
  full.labels = {{"team", "a\tb"}};
  full.slices = 3;
  full.slices_per_gpu = 7;
  full.gpu_memory_bytes = 80;
  full.storage_bytes = 5;
  full.use_class = UseClass::kBorrowed;
  full.phase = Phase::kTerminating;
  full.submitted = At("2026-09-30T23:59:59.999999999Z");
  full.eligible = full.start;
  full.end = Instant{full.start.ns + 1};
  full.end_reason = EndReason::kPreempted;
  full.preempted_by = "tb/g";
  full.epoch = 7;
  full.source = Source::kReconcile;
  full.record_id = RecordIdOf(full);
  Interval capacity;
  capacity.kind = Kind::kCapacity;
  capacity.cluster = "west";
  capacity.node = "n";
  capacity.unknown_devices = 2;
  capacity.slices = capacity.slices_per_gpu = 1;
  capacity.down = true;
  capacity.start = full.start;
  capacity.record_id = RecordIdOf(capacity);
  Interval other = Use("tb", "o", 1);
  other.cluster = "west";
  other.record_id = RecordIdOf(other);
  return {Append{full}, Append{other}, Append{Use("tb", "q", 2)}, Open{capacity},
          Open{Use("ta", "r", 0)}};
}

class RoundTrip : public ::testing::TestWithParam<std::pair<Backend, Backend>> {};

INSTANTIATE_TEST_SUITE_P(Ledger, RoundTrip,
                         ::testing::Values(std::pair(Backend::kSqlite, Backend::kPostgres),
                                           std::pair(Backend::kPostgres, Backend::kSqlite)),
                         [](const auto& p) {
                           return BackendName(p.param.first) + "To" + BackendName(p.param.second);
                         });

TEST_P(RoundTrip, AnImportedExportIsTheSameLedgerByteForByte) {
  EmptyLedger from(GetParam().first);
  EmptyLedger to(GetParam().second);
  auto source = from.Open();
  ASSERT_TRUE(source->Write(SomeOfEverything(), kNow).ok());
  const std::string text = Exported(source.get());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  auto target = to.Open();
  ASSERT_EQ(ImportError(target.get(), text), "");
  EXPECT_EQ(Exported(target.get()), text);
  EXPECT_TRUE(target->Verify().ok());
  ASSERT_EQ(ImportError(target.get(), text), "") << "twice is once";
  EXPECT_EQ(Exported(target.get()), text);
}

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() : ledger_(Backend::kSqlite), store_(ledger_.Open()) {}
  EmptyLedger ledger_;
  std::unique_ptr<Store> store_;
};

TEST_F(ImportTest, ALineByHandNeedsLittle) {
  EXPECT_EQ(
      ImportError(
          store_.get(),
          R"({"tenant":"ml","pod":"p","node":"n","devices":[0],"start":"2026-10-01T00:00:00Z","end":"2026-10-01T02:00:00+01:00"})"),
      "");
  EXPECT_THAT(Exported(store_.get()), HasSubstr("\"end\":\"2026-10-01T01:00:00Z\""));
  EXPECT_THAT(Exported(store_.get()), HasSubstr("\"slices\":1,\"slices_per_gpu\":1"));
}

TEST_F(ImportTest, WhatIsWrongIsSaidWithLineAndFieldAndNothingIsTaken) {
  const std::string good = CanonicalJson(Use("ta", "a", 1)) + "\n";
  const std::pair<std::string, const char*> cases[] = {
      {"{\"tenant\":\"ml\"", "usage.jsonl:2: not one JSON object"},
      {"", "usage.jsonl:2: not one JSON object"},
      {"[]", "expected a JSON object"},
      {R"({"tenant":"ml"})", "usage.jsonl:2: start"},
      {R"({"tenant":"ml","start":"yesterday"})", "start"},
      {R"({"start":"2026-10-01T00:00:00Z"})", "tenant"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","end":"2026-10-01T00:00:00Z"})", "end"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","cpu_milli":1.5})", "cpu_milli"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","cpu_milli":-1})", "cpu_milli"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","colour":"red"})", "colour"},
      {R"({"tenant":"ml","tenant":"x","start":"2026-10-01T00:00:00Z"})", "twice"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","devices":[1,1]})", "devices"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","devices":[0],"slices":3,"slices_per_gpu":2})",
       "slices"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","record_id":"00"})", "record_id"},
      {R"({"tenant":"ml","start":"2026-10-01T00:00:00Z","class":"gold"})", "class"},
  };
  for (const auto& [line, found] : cases) {
    std::string text = good;
    text += line;
    text += "\n";
    const std::string error = ImportError(store_.get(), text);
    EXPECT_THAT(error, StartsWith("usage.jsonl:2")) << line;
    EXPECT_THAT(error, HasSubstr(found)) << line;
  }
  EXPECT_EQ(Exported(store_.get()), "");
}

TEST_F(ImportTest, ATruncatedShuffledOrChangedExportIsRefused) {
  EmptyLedger from(Backend::kSqlite);
  auto source = from.Open();
  ASSERT_TRUE(
      source
          ->Write({Append{Use("ta", "a", 1)}, Append{Use("ta", "b", 1)}, Append{Use("ta", "c", 1)}},
                  kNow)
          .ok());
  std::istringstream text(Exported(source.get()));
  std::string a;
  std::string b;
  std::string c;
  std::getline(text, a) && std::getline(text, b) && std::getline(text, c);
  EXPECT_THAT(ImportError(store_.get(), a + "\n" + b.substr(0, b.size() / 2)),
              StartsWith("usage.jsonl:2"));
  EXPECT_THAT(ImportError(store_.get(), b + "\n" + a + "\n"), HasSubstr("out of order"));
  EXPECT_THAT(ImportError(store_.get(), a + "\n" + c + "\n"), HasSubstr("lines are missing"));
  std::string changed = b;
  changed.replace(changed.find("4000"), 4, "4001");
  EXPECT_THAT(ImportError(store_.get(), a + "\n" + changed + "\n"), HasSubstr("was changed"));
  EXPECT_EQ(Exported(store_.get()), "");
}

TEST_F(ImportTest, ARecordThatSaysSomethingElseIsFoundByItsLine) {
  ASSERT_TRUE(store_->Write({Append{Use("ta", "b", 1)}}, kNow).ok());
  const std::string text =
      CanonicalJson(Use("ta", "a", 1)) + "\n" + CanonicalJson(Use("ta", "b", 2)) + "\n";
  EXPECT_THAT(ImportError(store_.get(), text), StartsWith("usage.jsonl:2: record_id"));
}

}  // namespace
}  // namespace fairlead::ledger
