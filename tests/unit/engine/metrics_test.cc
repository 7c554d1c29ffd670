#include "fairlead/engine/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "fairlead/cycle/node_report.h"
#include "fairlead/cycle/queue_report.h"

namespace fairlead {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, CountersWithoutLabelsStartAtZero) {
  const Metrics metrics;
  const std::string text = metrics.Text();
  for (const char* name : {"fairlead_unplanned_binds_total", "fairlead_rejected_pods_total",
                           "fairlead_verify_failures_total", "fairlead_events_dropped_total"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " 0\n"));
    EXPECT_THAT(text, HasSubstr(std::string("# TYPE ") + name + " counter\n"));
  }
}

TEST(Metrics, CountsByLabel) {
  Metrics metrics;
  metrics.CountAttempts("scheduled", 3);
  metrics.CountAttempts("scheduled", 2);
  metrics.CountAttempts("unschedulable", 1);
  metrics.CountWatchRestart("pods", "expired");
  metrics.CountEviction("gang_rollback");
  metrics.CountDroppedEvents(7);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("fairlead_schedule_attempts_total{result=\"scheduled\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("fairlead_schedule_attempts_total{result=\"unschedulable\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("fairlead_watch_restarts_total{kind=\"pods\",reason=\"expired\"} 1"));
  EXPECT_THAT(text, HasSubstr("fairlead_evictions_total{reason=\"gang_rollback\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nfairlead_events_dropped_total 7\n"));
}

TEST(Metrics, HistogramsAreInSecondsFromATenthOfAMillisecondUp) {
  Metrics metrics;
  metrics.ObserveDecision(Duration::Nanoseconds(90'000));  // 0.09 ms: in the first bucket
  metrics.ObserveDecision(Duration::Milliseconds(3));
  metrics.ObserveBind(Duration::Milliseconds(250), "bound");
  const std::string text = metrics.Text();
  const std::string decision = "fairlead_scheduling_attempt_duration_seconds";
  EXPECT_THAT(text, HasSubstr(decision + "_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(decision + "_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(decision + "_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(decision + "_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("fairlead_bind_duration_seconds_sum{outcome=\"bound\"} 0.25\n"));
}

TEST(Metrics, PendingSeriesVanishesWithItsQueue) {
  Metrics metrics;
  metrics.SetPending({{"gold", 3}, {"silver", 0}});
  EXPECT_THAT(metrics.Text(), HasSubstr("fairlead_pending_pods{queue=\"gold\"} 3\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("fairlead_pending_pods{queue=\"silver\"} 0\n"));

  metrics.SetPending({{"silver", 2}});
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("gold")));
  EXPECT_THAT(metrics.Text(), HasSubstr("fairlead_pending_pods{queue=\"silver\"} 2\n"));

  metrics.SetPending({{"gold", 1}});
  EXPECT_THAT(metrics.Text(), HasSubstr("fairlead_pending_pods{queue=\"gold\"} 1\n"));
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("silver")));
}

QueueReport Team() {
  QueueReport team;
  team.name = "team";
  team.parent = "org";
  team.state = QueueState::kHold;
  team.demand = {{"cpu", 2'500}, {"gpu/H100", 12'000}, {"memory", 1024}};
  team.guarantee = {{"gpu/H100", 8'000}};
  team.entitlement = {{"gpu/H100", 8'500}};
  team.allocated = {{"cpu", 1'000}, {"gpu/H100", 8'000}};
  team.borrowed = {{"cpu", 1'000}};
  team.lent = {{"example.com/nic", 3}};
  team.dominant_share = {1, 8};
  team.entitled_share = {17, 128};
  team.pending_gangs = 2;
  team.running_gangs = 5;
  team.oldest_wait = Duration::Milliseconds(1'500);
  team.decayed_usage = 5 << 19;  // 2.5 with 20 fractional bits
  return team;
}

QueueTable TableOf(std::vector<QueueReport> queues) {
  QueueTable table;
  table.queues = std::move(queues);
  return table;
}

TEST(Metrics, SaysWhatIsFreeOfGpusAndWhatIsFragmented) {
  Metrics metrics;
  NodesReport report;
  metrics.SetNodes(std::make_shared<const NodesReport>(report));
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("fairlead_gpu")));
  report.gpu_milli = 8000;
  report.free_gpu_milli = 2500;
  report.fragmented_milli = 1000;
  metrics.SetNodes(std::make_shared<const NodesReport>(report));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("\nfairlead_gpus 8\n"));
  EXPECT_THAT(text, HasSubstr("\nfairlead_gpus_free 2.5\n"));
  EXPECT_THAT(text, HasSubstr("\nfairlead_gpu_fragmentation_ratio 0.125\n"));
}

TEST(Metrics, SaysOfEachQueueWhatTheTableSaysInBaseUnits) {
  Metrics metrics;
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("fairlead_queue_")));
  metrics.SetQueues(std::make_shared<const QueueTable>(TableOf({Team()})));
  const std::string text = metrics.Text();
  for (const char* line : {
           R"(demand{queue="team",resource="cpu"} 2.5)",
           R"(demand{queue="team",resource="gpu/H100"} 12)",
           R"(demand{queue="team",resource="memory"} 1024)",
           R"(guarantee{queue="team",resource="gpu/H100"} 8)",
           R"(entitlement{queue="team",resource="gpu/H100"} 8.5)",
           R"(allocated{queue="team",resource="cpu"} 1)",
           R"(borrowed{queue="team",resource="cpu"} 1)",
           R"(lent{queue="team",resource="example.com/nic"} 3)",
           R"(dominant_share{queue="team"} 0.125)",
           R"(entitled_share{queue="team"} 0.1328125)",
           R"(pending_gangs{queue="team"} 2)",
           R"(running_gangs{queue="team"} 5)",
           R"(oldest_wait_seconds{queue="team"} 1.5)",
           R"(decayed_usage{queue="team"} 2.5)",
           R"(info{queue="team",parent="org",state="hold",leaf="true"} 1)",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string("\nfairlead_queue_") + line + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("# TYPE fairlead_queue_demand gauge\n"));
}

// So that differences and ratios between two families lack no series.
TEST(Metrics, AResourceThatOneAmountOfAQueueNamesIsInAllOfThem) {
  Metrics metrics;
  QueueReport idle;
  idle.name = "idle";
  metrics.SetQueues(std::make_shared<const QueueTable>(TableOf({Team(), idle})));
  const std::string text = metrics.Text();
  for (const char* family :
       {"demand", "guarantee", "entitlement", "allocated", "borrowed", "lent"}) {
    for (const char* resource : {"cpu", "gpu/H100", "memory", "example.com/nic"}) {
      EXPECT_THAT(text, HasSubstr(std::string("\nfairlead_queue_") + family +
                                  "{queue=\"team\",resource=\"" + resource + "\"} "));
    }
  }
  EXPECT_THAT(text, Not(HasSubstr(R"(queue="idle",resource=)")));
  EXPECT_THAT(text, HasSubstr(R"(fairlead_queue_oldest_wait_seconds{queue="idle"} 0)"));
}

TEST(Metrics, AllSeriesOfAQueueVanishWithIt) {
  Metrics metrics;
  QueueReport other = Team();
  other.name = "other";
  metrics.SetQueues(std::make_shared<const QueueTable>(TableOf({Team(), other})));
  EXPECT_THAT(metrics.Text(), HasSubstr("\"other\""));
  metrics.SetQueues(std::make_shared<const QueueTable>(TableOf({Team()})));
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("\"other\"")));
  EXPECT_THAT(metrics.Text(), HasSubstr("\"team\""));
  metrics.SetQueues(std::make_shared<const QueueTable>());
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("fairlead_queue_")));
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.SetPending({{"a\"b\\c\nd", 1}});
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(fairlead_pending_pods{queue="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, IsSafeFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics, t] {
      for (int i = 0; i < 200; ++i) {
        metrics.CountAttempts("scheduled", 1);
        metrics.ObserveRequest("get", 200 + t, Duration::Milliseconds(i));
        metrics.SetPending({{"q" + std::to_string(i % 3), i}});
        metrics.SetQueues(std::make_shared<const QueueTable>(TableOf({Team()})));
        if (i % 50 == 0) {
          EXPECT_FALSE(metrics.Text().empty());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics.Text(), HasSubstr("result=\"scheduled\"} 800\n"));
}

}  // namespace
}  // namespace fairlead
