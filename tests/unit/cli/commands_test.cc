// The binary as people call it: exit codes and what is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "fairlead/yaml/document.h"
#include "scheduler/cli/files.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

Ran Fairlead(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe = popen((std::string(FAIRLEAD_BINARY) + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    ran.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

std::string Temp(const std::string& name) { return testing::TempDir() + "/" + name; }

std::string Scenario(const std::string& name) {
  return std::string(FAIRLEAD_SOURCE_DIR) + "/tests/golden/" + name + ".yaml";
}

TEST(DecideCommand, PrintsATableForPeople) {
  const Ran ran = Fairlead("decide " + Scenario("whole_gang_or_nothing"));
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.output,
            "STARTS\n"
            "GANG           PODS  NODES\n"
            "default/small  7     n x7\n"
            "\n"
            "WAITS\n"
            "GANG         CODE                MESSAGE\n"
            "default/big  WaitingForCapacity  gang needs 8 pods of 1 GPU, 0 fit now; for one more "
            "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.\n"
            "\n"
            "1 gang with 7 pods starts, 1 waits.\n");
}

TEST(DecideCommand, RecordsWhatReplayFindsUnchanged) {
  const std::string record = Temp("decision.json");
  const Ran decided = Fairlead("decide --json --dump " + record + " " + Scenario("weights"));
  ASSERT_EQ(decided.code, 0) << decided.output;
  const Ran replayed = Fairlead("replay --json " + record);
  EXPECT_EQ(replayed.code, 0);
  EXPECT_EQ(replayed.output, decided.output);
}

TEST(ReplayCommand, NamesTheFirstEntryThatDiffers) {
  const std::string record = Temp("tampered.json");
  ASSERT_EQ(Fairlead("decide --dump " + record + " " + Scenario("weights")).code, 0);
  auto text = yaml::ReadFile(record);
  ASSERT_TRUE(text.ok());
  const std::string from = R"(\"default/b1\",\"pod\":0)";
  const std::size_t at = text->find(from);
  ASSERT_NE(at, std::string::npos);
  text->replace(at, from.size(), R"(\"default/b9\",\"pod\":0)");
  ASSERT_TRUE(WriteFile(record, *text).ok());
  const Ran ran = Fairlead("replay " + record);
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.output, HasSubstr("- {\"gang\":\"default/b9\",\"pod\":0,\"node\":\"n\","));
  EXPECT_THAT(ran.output, HasSubstr("+ {\"gang\":\"default/b1\",\"pod\":0,\"node\":\"n\","));
}

TEST(Commands, WrongInputIsExitCodeTwo) {
  struct Case {
    const char* arguments;
    const char* output;
  };
  ASSERT_TRUE(WriteFile(Temp("typo.yaml"), "gang: []\n").ok());
  const std::string typo = "decide " + Temp("typo.yaml");
  const std::string no_record = "replay " + Temp("typo.yaml");
  for (const Case& c : std::initializer_list<Case>{
           {"decide no-such-file.yaml", "no-such-file.yaml"},
           {"decide", "FILE is required"},
           {typo.c_str(), "typo.yaml:1:1: gang: unknown key: did you mean 'gangs'?"},
           {no_record.c_str(), "typo.yaml: not JSON"},
           {"replay no-such-file.json", "no-such-file.json"}}) {
    const Ran ran = Fairlead(c.arguments);
    EXPECT_EQ(ran.code, 2) << c.arguments;
    EXPECT_THAT(ran.output, HasSubstr(c.output));
  }
}

TEST(ConfigCommand, TellsWhatTheTreeIsOrWhatIsWrongWithIt) {
  const std::string good = Temp("tree.yaml");
  ASSERT_TRUE(WriteFile(good,
                        "queues:\n"
                        "  - {name: nlp, parent: research, guarantee: {gpu/H100: 40}}\n"
                        "  - {name: research}\n"
                        "  - {name: vision, parent: research, guarantee: {gpu/H100: 32}}\n")
                  .ok());
  // With the queue "default", which is added.
  const Ran checked = Fairlead("config check " + good);
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.output, good + ": ok, 4 queues (3 leaves, depth 2), 0 tenants\n");

  const std::string bad = Temp("no_tree.yaml");
  ASSERT_TRUE(WriteFile(bad, "queues: [{name: a, parent: b}, {name: b, parent: a}]\n").ok());
  const Ran refused = Fairlead("config check " + bad);
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.output, bad +
                                ":1:28: queues[0].parent: cycle: a -> b -> a: expected parents "
                                "that end below the root (see queues[1] at 1:32)\n");
}

TEST(DecideCommand, HelpShowsTheFormat) {
  const Ran ran = Fairlead("decide --help");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("PodDisruptionBudget is accepted and not used"));
}

}  // namespace
}  // namespace fairlead::cli
