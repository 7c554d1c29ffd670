// One suite for both databases.
#include "fairlead/ledger/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise(SIGKILL) is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/ledgers.h"
#include "tests/unit/ledger/intervals.h"

namespace fairlead::ledger {
namespace {

using fairlead::testing::At;
using fairlead::testing::Backend;
using fairlead::testing::EmptyLedger;
using fairlead::testing::Use;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Instant kNow = At("2026-10-02T00:00:00Z");

class StoreTest : public ::testing::TestWithParam<Backend> {
 protected:
  StoreTest() : ledger_(GetParam()), store_(ledger_.Open()) {}

  Written MustWrite(const std::vector<Change>& changes) {
    const Result<Written> written = store_->Write(changes, kNow);
    EXPECT_TRUE(written.ok()) << written.error().ToString();
    return written.ok() ? *written : Written{};
  }
  std::string WriteError(const std::vector<Change>& changes) {
    const Result<Written> written = store_->Write(changes, kNow);
    return written.ok() ? "" : written.error().ToString();
  }
  static std::vector<StoredInterval> All(Store* store, const Filter& filter = {}) {
    std::vector<StoredInterval> all;
    const Status read = store->Read(filter, [&](const StoredInterval& stored) -> Status {
      all.push_back(stored);
      return Ok{};
    });
    EXPECT_TRUE(read.ok()) << read.error().ToString();
    return all;
  }
  std::vector<std::string> Pods(const Filter& filter) {
    std::vector<std::string> pods;
    for (const StoredInterval& stored : All(store_.get(), filter)) {
      pods.push_back(stored.interval.pod);
    }
    return pods;
  }
  std::string VerifyError() {
    const Result<std::int64_t> verified = store_->Verify();
    return verified.ok() ? "" : verified.error().ToString();
  }

  EmptyLedger ledger_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Ledger, StoreTest, ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         [](const auto& p) { return fairlead::testing::BackendName(p.param); });

TEST_P(StoreTest, RecordsComeBackAsTheyWereWrittenInTheirOrder) {
  Interval odd = Use("müller; DROP TABLE records; --", "p'\"\\%_", 3);
  odd.labels = {{"a", "1"}, {"b", "ü\n"}};
  odd.record_id = RecordIdOf(odd);
  EXPECT_EQ(MustWrite({Append{Use("ta", "a", 1)}, Append{odd}}).appended, 2);
  const auto all = All(ledger_.Open().get());
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].interval, Use("ta", "a", 1));
  EXPECT_EQ(all[1].interval, odd);
  EXPECT_EQ(all[0].seq, 1);
  EXPECT_EQ(all[1].seq, 2);
  EXPECT_EQ(all[0].previous_hash, "");
  EXPECT_EQ(all[1].previous_hash, all[0].hash);
  EXPECT_EQ(*store_->Verify(), 2);
  EXPECT_EQ(*store_->LastWrite(), kNow);
}

TEST_P(StoreTest, TheSameRecordTwiceIsOneAndAnotherUnderItsIdIsRefusedWithTheWholeWrite) {
  MustWrite({Append{Use("ta", "a", 1)}});
  const Written again = MustWrite({Append{Use("ta", "a", 1)}});
  EXPECT_EQ(again.appended, 0);
  EXPECT_EQ(again.duplicates, 1);
  EXPECT_THAT(WriteError({Append{Use("ta", "b", 1)}, Append{Use("ta", "a", 2)}}),
              HasSubstr("says something else"));
  EXPECT_THAT(Pods({}), ElementsAre("a")) << "nothing of a refused write stays";
  EXPECT_EQ(VerifyError(), "");
}

TEST_P(StoreTest, WhatIsOpenEndsOnceAndIsThenAppended) {
  const Interval open = Use("ta", "a", 0);
  MustWrite({Open{open}});
  EXPECT_THAT(*store_->OpenIntervals(), ElementsAre(open));
  EXPECT_THAT(All(store_.get()), IsEmpty());
  const Close close{OpenKeyOf(open), open.start + Duration::Seconds(7'200), EndReason::kPreempted,
                    "tb/gang"};
  MustWrite({close});
  MustWrite({close});
  EXPECT_THAT(*store_->OpenIntervals(), IsEmpty());
  const auto all = All(store_.get());
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(*all[0].interval.end, At("2026-10-01T02:00:00Z"));
  EXPECT_EQ(all[0].interval.preempted_by, "tb/gang");
  EXPECT_EQ(all[0].interval.record_id, open.record_id);
  MustWrite({Open{open}});
  EXPECT_THAT(*store_->OpenIntervals(), IsEmpty())
      << "it has ended: a late repetition says nothing";
}

TEST_P(StoreTest, AnOpenIntervalOfNoLengthIsForgottenAndOneWhoseEndIsMissingEndsWithTheNext) {
  Interval first = Use("ta", "a", 0);
  MustWrite({Open{first}, Close{OpenKeyOf(first), first.start, EndReason::kChanged}});
  EXPECT_THAT(All(store_.get()), IsEmpty());
  EXPECT_THAT(*store_->OpenIntervals(), IsEmpty());
  Interval second = first;
  second.cpu_milli = 9;
  second.start = first.start + Duration::Seconds(60);
  second.record_id = RecordIdOf(second);
  MustWrite({Open{first}, Open{second}});
  const auto all = All(store_.get());
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(*all[0].interval.end, second.start);
  EXPECT_EQ(all[0].interval.end_reason, EndReason::kUnknown);
  EXPECT_THAT(*store_->OpenIntervals(), ElementsAre(second));
}

TEST_P(StoreTest, FiltersTakeNamesAsTheyAre) {
  Interval late = Use("tb", "late", 2);
  late.start = At("2026-10-05T00:00:00Z");
  late.end = At("2026-10-05T01:00:00Z");
  late.node = "n-2";
  late.record_id = RecordIdOf(late);
  Interval foreign = Use("", "sys", 1);
  foreign.kind = Kind::kSystem;
  foreign.record_id = RecordIdOf(foreign);
  MustWrite({Append{Use("ta", "a", 1)}, Append{Use("' OR '1'='1", "q", 1)}, Append{late},
             Append{foreign}});
  Filter filter;
  filter.tenant = "' OR '1'='1";
  EXPECT_THAT(Pods(filter), ElementsAre("q"));
  filter.tenant = "' OR 1=1; DROP TABLE records; --";
  EXPECT_THAT(Pods(filter), IsEmpty());
  filter.tenant = "t%";
  EXPECT_THAT(Pods(filter), IsEmpty());
  EXPECT_THAT(All(store_.get()), SizeIs(4));
  filter = {};
  filter.node = "n-2";
  EXPECT_THAT(Pods(filter), ElementsAre("late"));
  filter = {};
  filter.kind = Kind::kSystem;
  EXPECT_THAT(Pods(filter), ElementsAre("sys"));
  filter = {};
  filter.from = At("2026-10-01T01:00:00Z");  // where the others end
  EXPECT_THAT(Pods(filter), ElementsAre("late"));
  filter = {};
  filter.to = late.start;
  EXPECT_THAT(Pods(filter), ElementsAre("a", "q", "sys"));
  filter = {};
  filter.after_seq = 1;
  filter.limit = 2;
  EXPECT_THAT(Pods(filter), ElementsAre("q", "late"));
}

TEST_P(StoreTest, VerifyFindsWhateverWasChangedBehindItsBack) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE records SET body = replace(body, '\"n-1\"', '\"n-9\"') WHERE seq = 2", "seq 2"},
      {"UPDATE records SET tenant = 'tb' WHERE seq = 2", "seq 2"},
      {"UPDATE records SET end_ns = end_ns + 1 WHERE seq = 3", "seq 3"},
      {"DELETE FROM records WHERE seq = 2", "seq 2"},
      {"DELETE FROM records WHERE seq = 3", "last records"},
      {"UPDATE records SET hash = previous_hash WHERE seq = 2", "seq 2"},
  };
  for (const auto& [sql, found] : cases) {
    EmptyLedger ledger(GetParam());
    auto store = ledger.Open();
    const Result<Written> written = store->Write(
        {Append{Use("ta", "a", 1)}, Append{Use("ta", "b", 1)}, Append{Use("ta", "c", 1)}}, kNow);
    ASSERT_TRUE(written.ok());
    ASSERT_TRUE(store->Verify().ok());
    ledger.Sql(sql);
    const Result<std::int64_t> verified = store->Verify();
    ASSERT_FALSE(verified.ok()) << sql;
    EXPECT_THAT(verified.error().ToString(), HasSubstr(found)) << sql;
  }
}

TEST_P(StoreTest, ClustersHaveChainsOfTheirOwn) {
  Interval other = Use("ta", "x", 1);
  other.cluster = "west";
  other.record_id = RecordIdOf(other);
  MustWrite({Append{Use("ta", "a", 1)}, Append{other}, Append{Use("ta", "b", 1)}});
  const auto all = All(store_.get());
  EXPECT_EQ(all[1].previous_hash, "");
  EXPECT_EQ(all[2].previous_hash, all[0].hash);
  EXPECT_EQ(VerifyError(), "");
}

TEST_P(StoreTest, TwoWritersShareOneLedger) {
  auto second = ledger_.Open();
  for (int round = 0; round < 10; ++round) {
    const std::string pod = "p" + std::to_string(round);
    MustWrite({Append{Use("ta", pod, 1)}});
    ASSERT_TRUE(second->Write({Append{Use("tb", pod, 1)}}, kNow).ok());
  }
  EXPECT_EQ(*store_->Verify(), 20);
}

TEST_P(StoreTest, CorrectionsNameWhatTheyCorrect) {
  Interval correction = Use("ta", "a", 2);
  correction.revision = 1;
  correction.supersedes = Use("ta", "a", 1).record_id;
  correction.record_id = RecordIdOf(correction);
  EXPECT_THAT(WriteError({Append{correction}}), HasSubstr("not in the ledger"));
  MustWrite({Append{Use("ta", "a", 1)}, Append{correction}});
  EXPECT_EQ(VerifyError(), "");
}

TEST_P(StoreTest, ClosingAPeriodCutsWhatIsOpenAtItsEnd) {
  const Interval open = Use("ta", "a", 0);
  MustWrite({Open{open}, Append{Use("ta", "b", 1)}});
  ClosedPeriod period{.name = "2026-10",
                      .from = At("2026-10-01T00:00:00Z"),
                      .to = At("2026-11-01T00:00:00Z"),
                      .last_seq = 0,
                      .billing = 0,
                      .closed_at = At("2026-11-02T00:00:00Z")};
  const Result<ClosedPeriod> closed = store_->ClosePeriod(period);
  ASSERT_TRUE(closed.ok()) << closed.error().ToString();
  EXPECT_EQ(closed->last_seq, 2);
  EXPECT_FALSE(store_->ClosePeriod(period).ok());
  const auto all = All(store_.get());
  ASSERT_THAT(all, SizeIs(2)) << "a second closing leaves nothing";
  EXPECT_EQ(*all[1].interval.end, period.to);
  EXPECT_EQ(all[1].interval.end_reason, EndReason::kSplit);
  // Whoever opened it ends it by its key, without knowing that it was cut.
  MustWrite({Close{OpenKeyOf(open), At("2026-11-03T00:00:00Z"), EndReason::kCompleted}});
  const Interval rest = All(store_.get()).back().interval;
  EXPECT_EQ(rest.start, period.to);
  EXPECT_EQ(*rest.end, At("2026-11-03T00:00:00Z"));
  EXPECT_THAT(*store_->ClosedPeriods(), SizeIs(1));
  EXPECT_EQ(VerifyError(), "");
}

TEST_P(StoreTest, EveryEarlierSchemaIsBroughtUpToDate) {
  for (std::int64_t version = 0; version < NewestSchema(); ++version) {
    EmptyLedger ledger(GetParam());
    ASSERT_TRUE(MigrateTo(ledger.Database().get(), version).ok());
    auto store = ledger.Open();
    ASSERT_TRUE(store->Write({Append{Use("ta", "a", 1)}}, kNow).ok()) << version;
    EXPECT_EQ(*store->SetBilling("currency: EUR", kNow), 1) << version;
    EXPECT_EQ(*store->Billing(0), "currency: EUR");
  }
}

TEST_P(StoreTest, ASchemaOfTheFutureIsRefused) {
  ledger_.Sql("INSERT INTO ledger_schema (version) VALUES (99)");
  const auto store = OpenStore(ledger_.url());
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().ToString(), HasSubstr("schema version 99"));
}

// A child does the write and dies in it; what it leaves is all or nothing, and writing it again
// completes it.
TEST_P(StoreTest, KilledAtEveryStepOfAWriteNothingIsHalfThere) {
  const Interval open = Use("ta", "open", 0);
  const std::vector<Change> changes = {
      Append{Use("ta", "a", 1)}, Open{open}, Append{Use("ta", "b", 1)},
      Close{OpenKeyOf(open), open.start + Duration::Seconds(5), EndReason::kFailed}};
  for (const std::string step : {"begun", "written", "flushed", "committed"}) {
    EmptyLedger ledger(GetParam());
    ledger.Open();  // makes the schema
    const pid_t child = fork();
    if (child == 0) {
      auto store = ledger.Open([&](std::string_view reached) {
        if (reached == step) raise(SIGKILL);
      });
      static_cast<void>(store->Write(changes, kNow).ok());
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << step;
    auto store = ledger.Open();
    EXPECT_THAT(All(store.get()), SizeIs(step == "committed" ? 3 : 0)) << step;
    ASSERT_TRUE(store->Verify().ok()) << step;
    ASSERT_TRUE(store->Write(changes, kNow).ok()) << step;
    EXPECT_THAT(All(store.get()), SizeIs(3)) << step;
    EXPECT_THAT(*store->OpenIntervals(), IsEmpty()) << step;
    EXPECT_TRUE(store->Verify().ok()) << step;
  }
}

class OpenStoreAtOnce : public ::testing::TestWithParam<Backend> {};

TEST_P(OpenStoreAtOnce, AllGetTheNewLedger) {
  for (int round = 0; round < 5; ++round) {
    const EmptyLedger ledger(GetParam());
    std::vector<std::string> problems(6);
    std::vector<std::thread> threads;
    threads.reserve(problems.size());
    for (std::string& problem : problems) {
      threads.emplace_back([&ledger, &problem] {
        const auto store = OpenStore(ledger.url(), {});
        if (!store.ok()) problem = store.error().ToString();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(problems, ::testing::Each(IsEmpty()));
  }
}

INSTANTIATE_TEST_SUITE_P(Ledger, OpenStoreAtOnce,
                         ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         [](const auto& p) { return fairlead::testing::BackendName(p.param); });

TEST(OpenStore, SaysWhatIsWrongWithAUrl) {
  for (const char* url : {"", "sqlite:", "mysql://x", "sqlite:/nowhere/at/all.db",
                          "postgresql://x@127.0.0.1:1/none"}) {
    EXPECT_FALSE(OpenStore(url).ok()) << url;
  }
  const std::string missing = "sqlite:" + ::testing::TempDir() + "no-such-ledger.db";
  EXPECT_FALSE(OpenStore(missing, {.create = false}).ok());
}

}  // namespace
}  // namespace fairlead::ledger
