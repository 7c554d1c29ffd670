// The order of writes: intent, binding, usage, its end; and what a crash between any two leaves.
#include "fairlead/ledger/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): raise is POSIX
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "fairlead/engine/engine.h"
#include "fairlead/ledger/balance.h"
#include "tests/conservation/usage_world.h"
#include "tests/support/ledgers.h"
#include "tests/support/objects.h"

namespace fairlead::testing {
namespace {

using ledger::Interval;
using ledger::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Instant kBegin = ParseInstant("2026-05-01T00:00:00Z").value();

std::vector<Interval> Records(ledger::Store* store, Kind kind) {
  std::vector<Interval> found;
  EXPECT_TRUE(store
                  ->Read({},
                         [&](const ledger::StoredInterval& stored) -> Status {
                           if (stored.interval.kind == kind) found.push_back(stored.interval);
                           return Ok{};
                         })
                  .ok());
  return found;
}

// One pod on one node, step by step: 1 it waits, 2 its binding was carried out, 3 the watch shows
// it, 4 it is gone. Between two steps a minute passes.
class OnePod {
 public:
  OnePod(ledger::Store* store, volatile int* step) : recorder_(store, {}), step_(step) {}

  // From the step that the cluster is at, with a list, to the end.
  void Run() {
    ASSERT_TRUE(recorder_.Restore().ok());
    EngineOptions options;
    options.abort_on_bug = true;
    options.usage_sink = &recorder_;
    Engine engine(Policy{}, options, &writer_, &clock_, &metrics_);
    engine.ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
    clock_.now = kBegin + Duration::Seconds(60 * *step_ + 30);
    EventBatch list{RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n").Gpus(4)},
                    RelistEnded{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod}};
    if (*step_ == 1) list.push_back(PodUpserted{Pod("ta", "p").Gpus(2)});
    if (*step_ == 2 || *step_ == 3) list.push_back(PodUpserted{Bound()});
    list.push_back(RelistEnded{ObjectKind::kPod});
    engine.Post(std::move(list));
    engine.RunOnce();
    while (*step_ < 5) {
      clock_.now = kBegin + Duration::Seconds(60 * (*step_ + 1));
      if (*step_ == 0) engine.Post({PodUpserted{Pod("ta", "p").Gpus(2)}});
      if (*step_ == 2) engine.Post({PodUpserted{Bound()}});
      if (*step_ == 3) engine.Post({PodRemoved{{"ta", "p", "uid-ta-p"}}});
      *step_ = *step_ + 1;
      engine.RunOnce();
    }
  }

 private:
  static PodInfo Bound() {
    return Pod("ta", "p").Gpus(2).On("n").Devices({0, 1}).Phase(PodPhase::kRunning);
  }
  ledger::Recorder recorder_;
  RecordingWriter writer_;
  VirtualClock clock_;
  Metrics metrics_;
  volatile int* step_;
};

class KillTest : public ::testing::TestWithParam<Backend> {};

INSTANTIATE_TEST_SUITE_P(Ledger, KillTest, ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         [](const auto& p) { return BackendName(p.param); });

// The k-th step of all writes kills the process, for every k that there is; then a second process
// goes on from what the cluster shows.
TEST_P(KillTest, AtEveryStepOfEveryWriteNothingIsLostOrDoubled) {
  int kills = 0;
  for (int kill_at = 1;; ++kill_at) {
    SCOPED_TRACE(kill_at);
    EmptyLedger ledger(GetParam());
    ledger.Open();
    void* shared =
        mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    auto* step = static_cast<volatile int*>(shared);
    *step = 0;
    const pid_t child = fork();
    if (child == 0) {
      int reached = 0;
      auto store = ledger.Open([&](std::string_view) {
        if (++reached == kill_at) raise(SIGKILL);
      });
      OnePod(store.get(), step).Run();
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const bool killed = WIFSIGNALED(status);
    ASSERT_TRUE(killed || WEXITSTATUS(status) == 0);
    auto store = ledger.Open();
    OnePod(store.get(), step).Run();
    munmap(shared, sizeof(int));
    EXPECT_TRUE(store->Verify().ok());
    std::int64_t end = 0;
    std::int64_t used = 0;
    for (const Interval& usage : Records(store.get(), Kind::kUsage)) {
      EXPECT_GE(usage.start.ns, end) << "two at once";
      end = usage.end->ns;
      used += usage.end->ns - usage.start.ns;
      EXPECT_THAT(usage.devices, ElementsAre(0, 1));
    }
    // Seen for a minute at least, unless its end was all that was seen of it after a restart; never
    // longer than it can have been.
    EXPECT_LE(used, Duration::Seconds(180).ns);
    const auto still_open = store->OpenIntervals();
    for (const Interval& open : *still_open) EXPECT_EQ(open.kind, Kind::kCapacity);
    const Instant until = kBegin + Duration::Seconds(360);
    const auto sheet = ledger::BalanceOf(store.get(), {kBegin, until}, until);
    ASSERT_TRUE(sheet.ok());
    for (const auto& [key, balance] : *sheet) {
      EXPECT_TRUE(balance.Holds());
      EXPECT_EQ(balance.over == 0, true);
    }
    if (!killed) break;
    ++kills;
  }
  EXPECT_GE(kills, 16) << "four writes of four steps at least";
}

TEST(Recorder, WhatCannotBeWrittenWaitsInItsOrder) {
  EmptyLedger ledger(Backend::kSqlite);
  auto store = ledger.Open();
  FlakyStore flaky(store.get());
  ledger::Recorder recorder(&flaky, {.book = {}, .most_waiting = 3});
  const auto batch = [](std::int64_t minute, bool held) {
    UsageBatch b;
    b.at = kBegin + Duration::Seconds(60 * minute);
    if (held) {
      PodHolding& h = b.delta.held.emplace_back();
      h.ns = h.tenant = "ta";
      h.name = "p";
      h.uid = "u";
      h.node = "n";
      h.milli_cpu = 100 * (minute + 1);
    } else {
      b.delta.released.push_back({"ta", "p", "u", ReleaseCause::kSucceeded, ""});
    }
    return b;
  };
  flaky.away = true;
  for (std::int64_t minute = 0; minute < 60; ++minute) recorder.Record(batch(minute, true));
  EXPECT_EQ(recorder.waiting(), 119);
  EXPECT_FALSE(recorder.MayBind());
  EXPECT_FALSE(recorder.Flush().ok());
  EXPECT_FALSE(recorder.trouble().empty());
  flaky.away = false;
  recorder.Record(batch(60, false));
  EXPECT_EQ(recorder.waiting(), 0);
  EXPECT_TRUE(recorder.MayBind());
  const auto records = Records(store.get(), Kind::kUsage);
  ASSERT_THAT(records, SizeIs(60)) << "an hour without a store: nothing is lost";
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].cpu_milli, 100 * (static_cast<std::int64_t>(i) + 1));
    EXPECT_EQ(records[i].end->ns - records[i].start.ns, Duration::Seconds(60).ns);
  }
}

TEST(Recorder, ARenamedTenantBeginsANewInterval) {
  EmptyLedger ledger(Backend::kSqlite);
  auto store = ledger.Open();
  ledger::Recorder recorder(store.get(), {});
  RecordingWriter writer;
  VirtualClock clock;
  Metrics metrics;
  EngineOptions options;
  options.usage_sink = &recorder;
  Engine engine(Policy{}, options, &writer, &clock, &metrics);
  engine.ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
  clock.now = kBegin;
  engine.Post({RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n")},
               RelistEnded{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod},
               NamespaceUpserted{{"team", "old"}}, PodUpserted{Pod("team", "p").On("n")},
               RelistEnded{ObjectKind::kPod}});
  engine.RunOnce();
  clock.now = kBegin + Duration::Seconds(60);
  engine.Post({NamespaceUpserted{{"team", "new"}}});
  engine.RunOnce();
  const auto records = Records(store.get(), Kind::kUsage);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].tenant, "old");
  EXPECT_EQ(*records[0].end, clock.now);
  std::vector<std::string> open;
  const auto still_open = store->OpenIntervals();
  for (const Interval& i : *still_open) {
    if (i.kind == Kind::kUsage) open.push_back(i.tenant);
  }
  EXPECT_THAT(open, ElementsAre("new"));
}

// Looks into the ledger at the moment at which a binding is sent.
class LookingWriter : public RecordingWriter {
 public:
  explicit LookingWriter(ledger::Store* store) : store_(store) {}
  void Bind(std::vector<BindRequest> requests) override {
    const std::lock_guard lock(mutex_);
    const auto still_open = store_->OpenIntervals();
    for (const Interval& open : *still_open) {
      if (open.kind == Kind::kReserved) reserved_.push_back(open.pod);
    }
    sent_ += requests.size();
    changed_.notify_all();
  }
  std::vector<std::string> Reserved(std::size_t sent) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sent_ >= sent; });
    return reserved_;
  }

 private:
  ledger::Store* store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t sent_ = 0;
  std::vector<std::string> reserved_;
};

TEST(RecorderThread, ABindingIsSentOnceItsIntentIsCommitted) {
  EmptyLedger ledger(Backend::kSqlite);
  auto store = ledger.Open();
  auto other = ledger.Open();
  LookingWriter writer(other.get());
  Metrics metrics;
  ledger::Recorder recorder(store.get(), {});
  ledger::RecorderThread thread(&recorder, &writer, &metrics);
  VirtualClock clock;
  EngineOptions options;
  options.usage_sink = thread.sink();
  Engine engine(Policy{}, options, thread.writer(), &clock, &metrics);
  engine.ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
  engine.Post({RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n")},
               RelistEnded{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod},
               RelistEnded{ObjectKind::kPod}, PodUpserted{Pod("ta", "p")}});
  engine.RunOnce();
  EXPECT_THAT(writer.Reserved(1), ElementsAre("p"));
  std::int64_t open = 0;
  thread.Look([&] { open = static_cast<std::int64_t>(store->OpenIntervals()->size()); });
  EXPECT_EQ(open, 2);
}

}  // namespace
}  // namespace fairlead::testing
