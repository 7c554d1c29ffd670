// Decayed usage in the engine: ticks in virtual time, and the state file.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "fairlead/engine/engine.h"
#include "fairlead/model/history_json.h"
#include "tests/support/engine_edges.h"
#include "tests/support/objects.h"

namespace fairlead {
namespace {

using testing::Node;
using testing::Pod;
using testing::RecordingWriter;
using testing::VirtualClock;

class UsageTest : public ::testing::Test {
 protected:
  UsageTest() {
    clock_.now = Instant{} + Duration::Seconds(6000);  // a tick
    std::string folder =
        (std::filesystem::temp_directory_path() / "fairlead-usage-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
    options_.state_file = folder_ + "/usage.json";
    policy_.history = {Duration::Seconds(60), kWeightOne};
  }
  ~UsageTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Engine> NewEngine() {
    auto engine = std::make_unique<Engine>(policy_, options_, &writer_, &clock_, &metrics_);
    engine->ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
    return engine;
  }
  // One of 4 GPUs is held.
  static void Sync(Engine* engine) {
    engine->Post({RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n").Gpus(4)},
                  RelistEnded{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod},
                  PodUpserted{Pod("ta", "p").Gpus(1).On("n")}, RelistEnded{ObjectKind::kPod}});
    engine->RunOnce();
  }
  void Tick(Engine* engine) {
    clock_.now = clock_.now + kHistoryTick;
    engine->RunOnce();
  }
  std::string State() const {
    std::ifstream file(options_.state_file);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  UsageHistory Saved() const {
    const auto history = HistoryFromJson(State());
    EXPECT_TRUE(history.ok()) << State();
    return history.ok() ? *history : UsageHistory{};
  }

  std::string folder_;
  Policy policy_;
  EngineOptions options_;
  RecordingWriter writer_;
  VirtualClock clock_;
  Metrics metrics_;
};

TEST_F(UsageTest, TicksAndIsFoundAgainAfterARestart) {
  const auto engine = NewEngine();
  ASSERT_TRUE(engine->LoadState().ok()) << "no file yet";
  Sync(engine.get());
  EXPECT_EQ(engine->NextTimer(), clock_.now + kHistoryTick);
  Tick(engine.get());
  // A quarter for 60 seconds; all that it wants is what it holds, so the target is the same.
  const std::int64_t quarter = 15LL << kHistoryBits;
  EXPECT_EQ(Saved().queues.at("default"), (QueueUsage{quarter, quarter}));
  engine->RunOnce();
  EXPECT_EQ(Saved().tick, clock_.now) << "nothing happens inside a minute";

  const auto next = NewEngine();
  ASSERT_TRUE(next->LoadState().ok());
  Sync(next.get());
  Tick(next.get());
  // The half-life is one tick: half of it is left, and a quarter is added.
  EXPECT_EQ(Saved().queues.at("default").usage, quarter + quarter / 2);
  EXPECT_FALSE(std::filesystem::exists(options_.state_file + ".new"));
}

TEST_F(UsageTest, NothingHappensBeforeTheClusterIsKnown) {
  const auto engine = NewEngine();
  Tick(engine.get());
  Tick(engine.get());
  EXPECT_FALSE(std::filesystem::exists(options_.state_file));
}

TEST_F(UsageTest, NothingIsKeptWhileHistoryIsOff) {
  policy_.history.strength = 0;
  const auto engine = NewEngine();
  Sync(engine.get());
  Tick(engine.get());
  Tick(engine.get());
  EXPECT_FALSE(std::filesystem::exists(options_.state_file));
}

TEST_F(UsageTest, ABadFileIsRefusedWithItsNameAndLeftAlone) {
  std::ofstream(options_.state_file) << R"({"kind":"fairlead-usage","format":7})";
  const auto engine = NewEngine();
  const Status loaded = engine->LoadState();
  ASSERT_FALSE(loaded.ok());
  const std::string text = loaded.error().ToString();
  EXPECT_NE(text.find(options_.state_file), std::string::npos) << text;
  EXPECT_NE(text.find("expected"), std::string::npos) << text;
  EXPECT_NE(State().find("\"format\":7"), std::string::npos);
}

TEST_F(UsageTest, AFileThatCannotBeWrittenStopsNothing) {
  options_.state_file = folder_ + "/no/such/folder/usage.json";
  const auto engine = NewEngine();
  Sync(engine.get());
  Tick(engine.get());
  EXPECT_FALSE(std::filesystem::exists(options_.state_file));
  EXPECT_EQ(engine->NextTimer(), clock_.now + kHistoryTick);
}

}  // namespace
}  // namespace fairlead
