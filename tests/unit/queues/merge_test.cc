#include "fairlead/queues/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fairlead/queues/tree.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

QueueSpec Spec(const std::string& name, const std::string& parent = "", std::int64_t cpus = 0) {
  QueueSpec spec;
  spec.name = name;
  spec.parent = parent;
  if (cpus > 0) spec.guarantee = {{"cpu", cpus * 1000}};
  return spec;
}

// `age`: in seconds after the first; the smaller, the older.
QueueCandidate Object(QueueSpec spec, std::int64_t age = 0,
                      std::optional<QueueSpec> accepted = std::nullopt) {
  QueueCandidate out;
  out.object.uid = "u-" + spec.name;
  out.object.generation = 1;
  out.object.created = Instant{age * 1'000'000'000};
  out.object.spec = std::move(spec);
  out.accepted = std::move(accepted);
  return out;
}

std::vector<std::string> Names(const MergedQueues& merged) {
  std::vector<std::string> names;
  for (const QueueSpec& queue : merged.queues) names.push_back(queue.name);
  return names;
}

std::vector<std::string_view> Reasons(const MergedQueues& merged) {
  std::vector<std::string_view> reasons;
  for (const QueueVerdict& verdict : merged.verdicts) {
    reasons.push_back(QueueReasonName(verdict.reason));
  }
  return reasons;
}

const std::vector<QueueSpec> kFile = {Spec("default"), Spec("team", "", 10)};

TEST(Merge, WithoutObjectsItIsTheFile) { EXPECT_EQ(MergeQueues(kFile, {}).queues, kFile); }

TEST(Merge, FileFirstThenObjectsByName) {
  const auto merged = MergeQueues(kFile, {Object(Spec("z", "y")), Object(Spec("y", "team"))});
  EXPECT_THAT(Names(merged), ElementsAre("default", "team", "y", "z"));
  EXPECT_THAT(Reasons(merged), ElementsAre("Accepted", "Accepted"));
  EXPECT_EQ(merged.verdicts[0].in_force, Spec("z", "y"));
}

TEST(Merge, TheFileWinsANameThatBothDeclare) {
  const auto merged = MergeQueues(kFile, {Object(Spec("team", "", 99)), Object(Spec("a"))});
  EXPECT_EQ(merged.queues[1], kFile[1]);
  EXPECT_THAT(Reasons(merged), ElementsAre("DeclaredTwice", "Accepted"));
  EXPECT_FALSE(merged.verdicts[0].in_force);
  EXPECT_EQ(merged.verdicts[0].message,
            "the configuration file declares the queue \"team\" too, and its declaration counts");
}

TEST(Merge, AnObjectMayReplaceTheDefaultThatTheFileSaysNothingAbout) {
  QueueSpec heavy = Spec("default");
  heavy.weight = 5 * kWeightOne;
  const auto replaced = MergeQueues(kFile, {Object(heavy)});
  EXPECT_THAT(Names(replaced), ElementsAre("team", "default"));
  EXPECT_EQ(replaced.queues[1].weight, 5 * kWeightOne);

  const auto declared = MergeQueues({heavy}, {Object(Spec("default"))});
  EXPECT_EQ(declared.queues, std::vector<QueueSpec>{heavy});

  // One that cannot be used leaves the default there.
  const auto refused = MergeQueues(kFile, {Object(Spec("default", "nowhere"))});
  EXPECT_EQ(refused.queues, kFile);
  QueueCandidate unreadable = Object(Spec("default"));
  unreadable.object.invalid = "spec.weight: what";
  EXPECT_EQ(MergeQueues(kFile, {unreadable}).queues, kFile);
}

TEST(Merge, OneThatDoesNotFitIsLeftOutAndSaysWhy) {
  struct Case {
    QueueSpec spec;
    std::string message;  // begins so
    std::string names;    // and names this
  };
  QueueSpec limited = Spec("a", "", 4);
  limited.limit = {{"cpu", 3000}};
  QueueSpec lending = Spec("a");
  lending.lendable = false;
  lending.lending_limit = {{"cpu", 1}};
  for (const Case& c : {
           Case{Spec("a", "nowhere"), "spec.parent: the queue \"nowhere\" does not exist", ""},
           Case{Spec("a", "a"), "spec.parent: \"a\" is its own parent", ""},
           Case{limited, "spec.guarantee.cpu: ", "\"a\""},
           Case{lending, "spec.lendingLimit: ", "\"a\""},
           // 11 of the 10 that the parent has.
           Case{Spec("a", "team", 11), "", "\"team\""},
       }) {
    const auto merged = MergeQueues(kFile, {Object(c.spec), Object(Spec("good", "team", 1))});
    EXPECT_THAT(Names(merged), ElementsAre("default", "team", "good"));
    EXPECT_THAT(Reasons(merged), ElementsAre("DoesNotFit", "Accepted"));
    EXPECT_THAT(merged.verdicts[0].message, StartsWith(c.message));
    EXPECT_THAT(merged.verdicts[0].message, HasSubstr(c.names));
    EXPECT_THAT(merged.verdicts[0].message, HasSubstr("; the queue is left out"));
  }
}

TEST(Merge, AChangeThatDoesNotFitLeavesWhatWasAccepted) {
  const auto merged = MergeQueues(kFile, {Object(Spec("a", "team", 11), 0, Spec("a", "team", 4))});
  EXPECT_EQ(merged.queues.back(), Spec("a", "team", 4));
  EXPECT_EQ(merged.verdicts[0].reason, QueueReason::kDoesNotFit);
  EXPECT_EQ(merged.verdicts[0].in_force, Spec("a", "team", 4));
  EXPECT_THAT(merged.verdicts[0].message, HasSubstr("; what was accepted before stays in force"));
}

TEST(Merge, OneThatCannotBeReadKeepsWhatWasAccepted) {
  QueueCandidate broken = Object(Spec("a"), 0, Spec("a", "team", 4));
  broken.object.invalid = "spec.guarantee.cpu: too large";
  auto merged = MergeQueues(kFile, {broken});
  EXPECT_EQ(merged.queues.back(), Spec("a", "team", 4));
  EXPECT_THAT(Reasons(merged), ElementsAre("InvalidSpec"));
  EXPECT_EQ(merged.verdicts[0].message,
            "spec.guarantee.cpu: too large; what was accepted before stays in force");
  broken.accepted.reset();
  merged = MergeQueues(kFile, {broken});
  EXPECT_EQ(merged.queues, kFile);
  EXPECT_EQ(merged.verdicts[0].message, "spec.guarantee.cpu: too large; the queue is left out");
}

// Of two that only one has room for: what was accepted, then the older, then the smaller name.
TEST(Merge, WhoIsRefusedDoesNotDependOnTheOrder) {
  struct Case {
    QueueCandidate stays, goes;
  };
  for (const Case& c : {
           Case{Object(Spec("b", "team", 6), 9, Spec("b", "team", 6)),
                Object(Spec("a", "team", 6))},
           Case{Object(Spec("b", "team", 6), 1), Object(Spec("a", "team", 6), 2)},
           Case{Object(Spec("a", "team", 6), 1), Object(Spec("b", "team", 6), 1)},
       }) {
    for (const bool swapped : {false, true}) {
      std::vector<QueueCandidate> objects = {c.stays, c.goes};
      if (swapped) std::swap(objects[0], objects[1]);
      const auto merged = MergeQueues(kFile, objects);
      EXPECT_THAT(Names(merged), ElementsAre("default", "team", c.stays.object.spec.name));
    }
  }
}

// Guarantees move between siblings: alone neither of 7 fits beside 5, together 3 + 7 do.
TEST(Merge, ChangesThatFitOnlyTogetherAreAccepted) {
  const std::vector<QueueCandidate> objects = {
      Object(Spec("a", "team", 7), 0, Spec("a", "team", 5)),
      Object(Spec("b", "team", 3), 1, Spec("b", "team", 5)),
      Object(Spec("c", "nowhere"), 2),  // keeps the usual case from being the answer
  };
  const auto merged = MergeQueues(kFile, objects);
  EXPECT_THAT(Reasons(merged), ElementsAre("Accepted", "Accepted", "DoesNotFit"));
}

// The same where a third one is tried with them, so that they come one by one: a's 7 fit only once
// b has given up 2.
TEST(Merge, WhatALaterChangeMakesRoomForIsTriedAgain) {
  const auto merged = MergeQueues(kFile, {Object(Spec("a", "team", 7), 0, Spec("a", "team", 5)),
                                          Object(Spec("b", "team", 3), 1, Spec("b", "team", 5)),
                                          Object(Spec("c", "team", 99), 2)});
  EXPECT_THAT(Reasons(merged), ElementsAre("Accepted", "Accepted", "DoesNotFit"));
}

TEST(Merge, AChildOlderThanItsParentIsAccepted) {
  const auto merged =
      MergeQueues(kFile, {Object(Spec("kid", "mid", 2), 0), Object(Spec("mid", "team", 2), 5),
                          Object(Spec("bad", "nowhere"), 6)});
  EXPECT_THAT(Reasons(merged), ElementsAre("Accepted", "Accepted", "DoesNotFit"));
}

TEST(Merge, ChildrenOfADeletedParentAreLeftOutWithAllBelow) {
  const auto merged =
      MergeQueues(kFile, {Object(Spec("kid", "gone"), 0, Spec("kid", "gone")),
                          Object(Spec("grandkid", "kid"), 0, Spec("grandkid", "kid")),
                          Object(Spec("other"), 0, Spec("other"))});
  EXPECT_THAT(Names(merged), ElementsAre("default", "team", "other"));
  EXPECT_THAT(merged.verdicts[0].message, HasSubstr("\"gone\" does not exist"));
  EXPECT_THAT(merged.verdicts[1].message, HasSubstr("\"kid\" is not in force itself"));
}

TEST(Merge, ACycleIsRefusedAndTheTreeOfBeforeStays) {
  const auto merged = MergeQueues(
      kFile, {Object(Spec("a", "b"), 0, Spec("a")), Object(Spec("b", "a"), 1, Spec("b", "a"))});
  EXPECT_THAT(Names(merged), ElementsAre("default", "team", "a", "b"));
  EXPECT_EQ(merged.queues[2], Spec("a"));
  EXPECT_THAT(merged.verdicts[0].message, HasSubstr("cycle"));
  EXPECT_TRUE(merged.verdicts[1].accepted());
}

// A smaller guarantee of the file's parent: what was accepted stays as far as it fits, older first.
TEST(Merge, AFileThatLeavesLessRoom) {
  const std::vector<QueueSpec> smaller = {Spec("default"), Spec("team", "", 6)};
  const auto merged = MergeQueues(smaller, {Object(Spec("a", "team", 4), 1, Spec("a", "team", 4)),
                                            Object(Spec("b", "team", 4), 0, Spec("b", "team", 4)),
                                            Object(Spec("c", "team", 2), 2, Spec("c", "team", 2))});
  EXPECT_THAT(Names(merged), ElementsAre("default", "team", "b", "c"));
}

// A child gives a queue of the file a rule that only leaves may have.
TEST(Merge, NamesTheOtherEndWhereTheProblemIsThere) {
  QueueSpec capped = Spec("capped");
  capped.max_running_gangs = 3;
  const auto merged = MergeQueues({capped}, {Object(Spec("kid", "capped"))});
  EXPECT_THAT(merged.verdicts[0].message,
              StartsWith("with this, queue \"capped\" has a problem: max_running_gangs: "));
}

TEST(Merge, ManyOfWhichFewAreWrongAreJudgedOneByOne) {
  std::vector<QueueCandidate> objects;
  for (int i = 0; i < 300; ++i) {
    QueueSpec spec = Spec("q" + std::to_string(i));
    if (i % 50 == 7) spec.limit = {{"cpu", -1}};
    objects.push_back(Object(std::move(spec), i));
  }
  const auto merged = MergeQueues(kFile, objects);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    EXPECT_EQ(merged.verdicts[i].accepted(), i % 50 != 7) << i;
  }
  EXPECT_FALSE(CheckTree(merged.queues));
}

}  // namespace
}  // namespace fairlead
