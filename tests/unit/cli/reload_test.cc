// A configuration file that is read again.
#include "scheduler/cli/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/engine/log.h"
#include "scheduler/cli/files.h"

namespace fairlead::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Inbox : public EventSink {
 public:
  void Post(EventBatch batch) override {
    for (Event& event : batch) events.push_back(std::move(event));
  }
  EventBatch events;
};

class ReloadTest : public ::testing::Test {
 protected:
  void Begin(const std::string& text) {
    Write(text);
    const Result<Config> config = LoadConfig(path_);
    ASSERT_TRUE(config.ok());
    reloader_ = std::make_unique<ConfigReloader>(path_, *config, &inbox_, &metrics_);
  }
  void Write(const std::string& text) { ASSERT_TRUE(WriteFile(path_, text).ok()); }
  // What it says meanwhile.
  std::string Reload() {
    ::testing::internal::CaptureStderr();
    reloader_->Reload();
    return ::testing::internal::GetCapturedStderr();
  }

  // Cases run at the same time.
  const std::string path_ = ::testing::TempDir() + "/" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                            ".yaml";
  Inbox inbox_;
  Metrics metrics_;
  std::unique_ptr<ConfigReloader> reloader_;
};

TEST_F(ReloadTest, APolicyThatChangedIsHandedOn) {
  Begin("queues: [{name: a}]\n");
  Write("queues: [{name: a, weight: 3}]\nhttp: {port: 9}\n");
  const std::string said = Reload();
  EXPECT_THAT(said, HasSubstr("configuration: queue a: weight 1 -> 3"));
  EXPECT_THAT(said, HasSubstr("configuration: http.port 8470 -> 9: needs a restart"));
  ASSERT_THAT(inbox_.events, SizeIs(1));
  EXPECT_EQ(std::get<PolicyReplaced>(inbox_.events[0]).policy.queues[0].weight, 3 * kWeightOne);
  EXPECT_THAT(metrics_.Text(), HasSubstr("fairlead_config_reloads_total{result=\"applied\"} 1"));
  // The next time what is in force is what is compared with.
  EXPECT_THAT(Reload(), Not(HasSubstr("queue a")));
  EXPECT_THAT(inbox_.events, SizeIs(1)) << "nothing changed";
}

TEST_F(ReloadTest, AnInvalidFileChangesNothing) {
  Begin("queues: [{name: a}]\n");
  for (const char* bad : {"queues: [{name: a, weight: 0}]\n", "queues: [{name: a}\n",
                          "queues: [{name: a, parent: b}]\n"}) {
    Write(bad);
    const std::string said = Reload();
    EXPECT_THAT(said, HasSubstr("the last good one stays in force: " + path_ + ":"));
  }
  ASSERT_EQ(std::remove(path_.c_str()), 0);
  EXPECT_THAT(Reload(), HasSubstr(path_));
  EXPECT_THAT(inbox_.events, SizeIs(0));
  EXPECT_THAT(metrics_.Text(), HasSubstr("fairlead_config_reloads_total{result=\"refused\"} 4"));
  Write("queues: [{name: b}]\n");
  Reload();
  EXPECT_THAT(inbox_.events, SizeIs(1));
}

TEST_F(ReloadTest, WithoutAFileItSaysSo) {
  reloader_ = std::make_unique<ConfigReloader>("", Config{}, &inbox_, &metrics_);
  EXPECT_THAT(Reload(), HasSubstr("no file"));
  EXPECT_THAT(inbox_.events, SizeIs(0));
}

}  // namespace
}  // namespace fairlead::cli
