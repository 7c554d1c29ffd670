#include "fairlead/engine/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

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
