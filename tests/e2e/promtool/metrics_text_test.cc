#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "fairlead/cycle/queue_report.h"
#include "fairlead/engine/metrics.h"
#include "tests/support/process.h"

namespace fairlead {
namespace {

// FAIRLEAD_PROMTOOL, else the one beside the control plane, else the one in PATH.
std::string Promtool() {
  if (const char* path = std::getenv("FAIRLEAD_PROMTOOL")) return path;
  if (const char* dir = std::getenv("FAIRLEAD_E2E_DIR")) return std::string(dir) + "/bin/promtool";
  return "promtool";
}

int Check(const std::string& text, std::string* output) {
  return e2e::RunCommand({Promtool(), "check", "metrics"}, output, text);
}

TEST(Promtool, FindsFaults) {
  std::string output;
  EXPECT_NE(Check("# TYPE fairlead_things counter\nfairlead_things 1\n", &output), 0);
  EXPECT_NE(output.find("_total"), std::string::npos) << output;
}

TEST(Promtool, AcceptsEveryMetric) {
  Metrics metrics;
  const Duration d = Duration::Milliseconds(3);
  metrics.CountAttempts("scheduled", 3);
  metrics.CountAttempts("unschedulable", 1);
  metrics.ObserveDecision(d);
  metrics.ObserveBind(d, "bound");
  metrics.ObservePodLatency(d);
  metrics.SetPending({{"default", 4}, {"a \"b\" \\ c\nd", 1}});
  QueueTable table;
  QueueReport& queue = table.queues.emplace_back();
  queue.name = "default";
  queue.demand = {{"cpu", 1'500}, {"gpu/A100|H100", 1'000}};
  queue.oldest_wait = d;
  metrics.SetQueues(std::make_shared<const QueueTable>(std::move(table)));
  metrics.SetCacheSize("nodes", 5);
  metrics.CountWatchRestart("pods", "expired");
  metrics.ObserveRequest("get", 200, d);
  metrics.CountUnplannedBind();
  metrics.CountEviction("gang_rollback");
  metrics.CountKubeletRejection();
  metrics.CountVerifyFailure();
  metrics.CountDroppedEvents(2);
  std::string output;
  EXPECT_EQ(Check(metrics.Text(), &output), 0) << output << "\n" << metrics.Text();
  EXPECT_EQ(Check(Metrics().Text(), &output), 0) << output;
}

}  // namespace
}  // namespace fairlead
