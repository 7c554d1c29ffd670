#include "fairlead/queues/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace fairlead {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

using Queues = std::vector<QueueSpec>;

QueueSpec Queue(std::string name, std::string parent = "", NamedAmounts guarantee = {},
                NamedAmounts limit = {}) {
  QueueSpec spec;
  spec.name = std::move(name);
  spec.parent = std::move(parent);
  spec.guarantee = std::move(guarantee);
  spec.limit = std::move(limit);
  return spec;
}

// A change to one field of an otherwise sound queue.
template <typename T>
QueueSpec With(QueueSpec spec, T QueueSpec::*field, T value) {
  spec.*field = std::move(value);
  return spec;
}

// "QUEUE.FIELD: MESSAGE" and, where there is another end, " [OTHER]"; "ok".
std::string Outcome(const Queues& queues) {
  const std::optional<TreeProblem> problem = CheckTree(queues);
  if (!problem) return "ok";
  std::string text =
      std::to_string(problem->queue) + "." + problem->field + ": " + problem->message;
  if (problem->other) text += " [" + std::to_string(*problem->other) + "]";
  return text;
}

struct Case {
  Queues queues;
  std::string outcome;
};

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(Outcome(c.queues), c.outcome);
}

TEST(CheckTree, NamesAndParents) {
  Expect({
      {{}, "ok"},
      {{Queue("a"), Queue("b", "a"), Queue("c", "b"), Queue("d", "a")}, "ok"},
      {{Queue("c", "b"), Queue("b", "a"), Queue("a")}, "ok"},
      {{Queue("a"), Queue("")}, "1.name: a queue without a name: expected one"},
      {{Queue("b"), Queue("a"), Queue("b"), Queue("a")},
       "2.name: \"b\" twice: expected it once [0]"},
      {{Queue("a"), Queue("a"), Queue("a")}, "1.name: \"a\" twice: expected it once [0]"},
      {{Queue("a"), Queue("b", "A")},
       "1.parent: \"b\" has the unknown parent \"A\": expected a declared queue, or none for a "
       "queue below the root"},
      {{Queue("a", "a")},
       "0.parent: \"a\" is its own parent: expected another queue, or none for a queue below the "
       "root"},
  });
}

TEST(CheckTree, ACycleIsNamedFromItsFirstQueueUpwards) {
  const std::string end = ": expected parents that end below the root";
  Expect({
      {{Queue("a", "b"), Queue("b", "a")}, "0.parent: cycle: a -> b -> a" + end + " [1]"},
      // What hangs below a cycle is not part of it.
      {{Queue("x", "c"), Queue("c", "a"), Queue("r"), Queue("b", "c"), Queue("a", "b")},
       "1.parent: cycle: c -> a -> b -> c" + end + " [3]"},
      // Of two the one with the earlier queue.
      {{Queue("a", "b"), Queue("c", "d"), Queue("d", "c"), Queue("b", "a")},
       "0.parent: cycle: a -> b -> a" + end + " [3]"},
  });
  Queues ring;
  for (int i = 0; i < 100; ++i) {
    ring.push_back(Queue(std::to_string(i), std::to_string((i + 1) % 100)));
  }
  const std::string outcome = Outcome(ring);
  EXPECT_NE(outcome.find("cycle: 0 -> 1 -> 2 -> "), std::string::npos) << outcome;
  EXPECT_NE(outcome.find(" -> 63 -> (36 more) -> 0: "), std::string::npos) << outcome;
}

TEST(CheckTree, DepthIsBounded) {
  Queues chain;
  for (int i = 0; i < 16; ++i) {
    chain.push_back(Queue("q" + std::to_string(i), i == 0 ? "" : "q" + std::to_string(i - 1)));
  }
  EXPECT_EQ(Outcome(chain), "ok");
  chain.insert(chain.begin(), Queue("deep", "q15"));
  EXPECT_EQ(
      Outcome(chain),
      "0.parent: \"deep\" is at depth 17, far below \"q0\": expected a depth of at most 16 [1]");
  // So long that no algorithm may recurse.
  for (int i = 16; i < 100'000; ++i) {
    chain.push_back(Queue("q" + std::to_string(i), "q" + std::to_string(i - 1)));
  }
  EXPECT_EQ(CheckTree(chain)->queue, 0U);
  chain[1].parent = "q99999";
  EXPECT_NE(Outcome(chain).find("1.parent: cycle: q0 -> q99999 -> q99998 -> "), std::string::npos);
}

TEST(CheckTree, NumbersOfOneQueue) {
  const QueueSpec a = Queue("a");
  Expect({
      {{With(a, &QueueSpec::weight, std::int64_t{0})},
       "0.weight: weight of \"a\" is 0 millionths: expected more than 0"},
      {{With(a, &QueueSpec::weight, std::int64_t{-1})},
       "0.weight: weight of \"a\" is -1 millionths: expected more than 0"},
      {{With(a, &QueueSpec::min_runtime, Duration::Seconds(-1))},
       "0.min_runtime: min_runtime of \"a\" is -1s: expected 0s or more"},
      {{With(a, &QueueSpec::user_limit, std::int64_t{0})},
       "0.user_limit: user_limit of \"a\" is 0 millionths: expected more than 0 and at most 1 "
       "(1000000 millionths)"},
      {{With(a, &QueueSpec::user_limit, kWeightOne + 1)},
       "0.user_limit: user_limit of \"a\" is 1000001 millionths: expected more than 0 and at most "
       "1 (1000000 millionths)"},
      {{With(a, &QueueSpec::max_pending_gangs, std::optional<std::int64_t>(-1))},
       "0.max_pending_gangs: max_pending_gangs of \"a\" is -1: expected 0 or more"},
      {{With(a, &QueueSpec::max_running_gangs, std::optional<std::int64_t>(-5))},
       "0.max_running_gangs: max_running_gangs of \"a\" is -5: expected 0 or more"},
      {{With(a, &QueueSpec::max_running_gangs, std::optional<std::int64_t>(0))}, "ok"},
      {{Queue("a", "", {{"cpu", -1}})},
       "0.guarantee.cpu: guarantee cpu of \"a\" is -1: expected 0 or more"},
      {{Queue("a", "", {}, {{"cpu", 1}, {"cpu", 2}})},
       "0.limit.cpu: limit of \"a\" has \"cpu\" after \"cpu\": expected names once, in order"},
      {{Queue("a", "", {}, {{"pods", 1}, {"cpu", 2}})},
       "0.limit.cpu: limit of \"a\" has \"cpu\" after \"pods\": expected names once, in order"},
  });
}

TEST(CheckTree, AnInnerQueueHasNoGangs) {
  const std::string rest =
      " of \"a\", which has no gangs of its own but children such as \"b\": expected it on queues "
      "without children [1]";
  const auto above = [](const QueueSpec& a) { return Queues{a, Queue("c", "a"), Queue("b", "a")}; };
  const std::string other = rest.substr(0, rest.size() - 3) + "[2]";
  const QueueSpec a = Queue("a");
  Expect({
      {above(With(a, &QueueSpec::order, LeafOrder::kFairUsers)), "0.order: order" + other},
      {above(With(a, &QueueSpec::user_limit, kWeightOne / 2)), "0.user_limit: user_limit" + other},
      {above(With(a, &QueueSpec::max_pending_gangs, std::optional<std::int64_t>(1))),
       "0.max_pending_gangs: max_pending_gangs" + other},
      {above(With(a, &QueueSpec::max_running_gangs, std::optional<std::int64_t>(1))),
       "0.max_running_gangs: max_running_gangs" + other},
      // These hold for all that is below.
      {above(With(a, &QueueSpec::tenants, std::vector<std::string>{"t"})), "ok"},
      {above(With(a, &QueueSpec::state, QueueState::kDrain)), "ok"},
      {above(With(a, &QueueSpec::priority, 7)), "ok"},
      {above(With(a, &QueueSpec::borrowing, false)), "ok"},
      {above(With(a, &QueueSpec::reclaimable, false)), "ok"},
      {above(With(a, &QueueSpec::min_runtime, Duration::Seconds(1))), "ok"},
  });
}

TEST(CheckTree, GuaranteesOfChildrenFitInTheParents) {
  Expect({
      {{Queue("research", "", {{"gpu/H100", 72'000}}),
        Queue("vision", "research", {{"gpu/H100", 32'000}}),
        Queue("nlp", "research", {{"gpu/H100", 40'000}})},
       "ok"},
      {{Queue("research", "", {{"gpu/H100", 64'000}}),
        Queue("vision", "research", {{"gpu/H100", 32'000}}),
        Queue("nlp", "research", {{"gpu/H100", 40'000}}), Queue("idle", "research")},
       "0.guarantee.gpu/H100: guarantee gpu/H100 of the children of \"research\" is 72 (nlp 40, "
       "vision 32), its own is 64: expected at most its own [2]"},
      // The largest first, whatever its name.
      {{Queue("r", "", {{"pods", 5}}), Queue("a", "r", {{"pods", 2}}),
        Queue("b", "r", {{"pods", 4}})},
       "0.guarantee.pods: guarantee pods of the children of \"r\" is 6 (b 4, a 2), its own is 5: "
       "expected at most its own [2]"},
      // Equal ones by name; half of a GPU too much.
      {{Queue("b", "r", {{"gpu/H100", 1'000}}), Queue("a", "r", {{"gpu/H100", 1'000}}),
        Queue("r", "", {{"gpu/H100", 1'500}})},
       "2.guarantee.gpu/H100: guarantee gpu/H100 of the children of \"r\" is 2 (a 1, b 1), its own "
       "is 1500m: expected at most its own [1]"},
      {{Queue("r", "", {{"cpu", 1'000}}), Queue("a", "r", {{"memory", 1024}})},
       "0.guarantee.memory: guarantee memory of the children of \"r\" is 1Ki (a 1Ki), its own "
       "guarantee names none: expected 1Ki or more, or no guarantee of its own, which is then the "
       "sum [1]"},
      // A queue in between that declares none has the sum of its children's: 1 + 2 > 2.
      {{Queue("r", "", {{"pods", 2}}), Queue("m", "r"), Queue("a", "m", {{"pods", 1}}),
        Queue("b", "m", {{"pods", 2}})},
       "0.guarantee.pods: guarantee pods of the children of \"r\" is 3 (m 3), its own is 2: "
       "expected at most its own [1]"},
  });
  Queues many{Queue("r", "", {{"pods", 9}})};
  for (int i = 0; i < 10; ++i) {
    many.push_back(Queue("q" + std::to_string(i), "r", {{"pods", 1}}));
  }
  EXPECT_EQ(Outcome(many),
            "0.guarantee.pods: guarantee pods of the children of \"r\" is 10 (q0 1, q1 1, q2 1, q3 "
            "1, q4 1, q5 1, q6 1, q7 1 and 2 more), its own is 9: expected at most its own [1]");
}

TEST(CheckTree, GuaranteesStayBelowEveryLimitOnTheWayUp) {
  Expect({
      {{Queue("a", "", {{"cpu", 8'000}}, {{"cpu", 8'000}, {"memory", 0}})}, "ok"},
      {{Queue("a", "", {{"cpu", 8'001}}, {{"cpu", 8'000}})},
       "0.guarantee.cpu: guarantee cpu 8001m of \"a\" is above its own limit cpu 8: expected at "
       "most 8"},
      {{Queue("research", "", {}, {{"cpu", 8'000}}), Queue("nlp", "research", {{"cpu", 10'000}})},
       "1.guarantee.cpu: guarantee cpu 10 of \"nlp\" is above limit cpu 8 of its ancestor "
       "\"research\": expected at most 8 [0]"},
      // Over a queue without limits, and past one whose limit is wider.
      {{Queue("top", "", {}, {{"cpu", 8'000}, {"pods", 5}}),
        Queue("mid", "top", {}, {{"cpu", 9'000}, {"gpu/H100", 1'000}}), Queue("low", "mid"),
        Queue("leaf", "low", {{"cpu", 9'000}})},
       "3.guarantee.cpu: guarantee cpu 9 of \"leaf\" is above limit cpu 8 of its ancestor \"top\": "
       "expected at most 8 [0]"},
      // Of equal limits the nearest is named.
      {{Queue("top", "", {}, {{"pods", 5}}), Queue("mid", "top", {}, {{"pods", 5}}),
        Queue("leaf", "mid", {{"cpu", 1}, {"pods", 6}})},
       "2.guarantee.pods: guarantee pods 6 of \"leaf\" is above limit pods 5 of its ancestor "
       "\"mid\": expected at most 5 [1]"},
      // The sum that an inner queue has by default.
      {{Queue("r", "", {}, {{"pods", 5}}), Queue("a", "r", {{"pods", 4}}),
        Queue("b", "r", {{"pods", 2}})},
       "0.limit.pods: guarantee pods of the children of \"r\" is 6 (a 4, b 2), its limit is 5: "
       "expected at most its limit [1]"},
      {{Queue("r", "", {}, {{"pods", 5}}), Queue("m", "r"), Queue("a", "m", {{"pods", 4}}),
        Queue("b", "m", {{"pods", 2}})},
       "0.limit.pods: guarantee pods of the children of \"r\" is 6 (m 6), its limit is 5: expected "
       "at most its limit [1]"},
      // Limits of children may be wider than the parent's, which hold anyway.
      {{Queue("r", "", {}, {{"pods", 5}}), Queue("a", "r", {}, {{"pods", 50}})}, "ok"},
  });
}

TEST(CheckTree, OnlyUnusedGuaranteeIsLent) {
  const auto lends = [](QueueSpec spec, NamedAmounts lent) {
    return With(std::move(spec), &QueueSpec::lending_limit, std::move(lent));
  };
  const QueueSpec a = Queue("a", "", {{"cpu", 1'000}});
  Expect({
      {{lends(a, {{"cpu", 500}})}, "ok"},
      {{lends(a, {{"cpu", 5'000}})}, "ok"},
      {{lends(a, {{"cpu", 500}, {"memory", 1}})},
       "0.lending_limit.memory: lending_limit memory 1 of \"a\", which has no guarantee of memory: "
       "expected one, since only unused guarantee is lent"},
      {{With(lends(a, {{"cpu", 0}}), &QueueSpec::lendable, false)},
       "0.lending_limit: lending_limit of \"a\", whose lendable is false: expected one of them, "
       "since nothing is lent"},
      // The guarantee may be the sum of the children's.
      {{lends(Queue("r"), {{"cpu", 1}}), Queue("a", "r", {{"cpu", 1'000}})}, "ok"},
      {{lends(Queue("r"), {{"pods", 1}}), Queue("a", "r", {{"cpu", 1'000}})},
       "0.lending_limit.pods: lending_limit pods 1 of \"r\", which has no guarantee of pods: "
       "expected one, since only unused guarantee is lent"},
  });
}

TEST(CheckTree, SumsFitIn63Bits) {
  const std::string most =
      " does not fit in 63 bits: expected a sum of at most 9223372036854775807 [";
  Expect({
      {{Queue("a", "", {{"pods", kMax - 1}}, {{"pods", kMax}}), Queue("b", "", {{"pods", 1}})},
       "ok"},
      {{Queue("r"), Queue("a", "r", {{"pods", kMax}}), Queue("b", "r", {{"pods", 1}})},
       "1.guarantee.pods: guarantee pods of the children of \"r\" (a 9223372036854775807, b 1)" +
           most + "2]"},
      {{Queue("a", "", {{"memory", kMax - 1}}), Queue("b", "", {{"memory", 2}})},
       "0.guarantee.memory: guarantee memory of the queues without a parent (a "
       "9223372036854775806, b 2)" +
           most + "1]"},
      // A parent that declares enough for none of it.
      {{Queue("r", "", {{"pods", 5}}), Queue("a", "r", {{"pods", kMax}}),
        Queue("b", "r", {{"pods", kMax}})},
       "1.guarantee.pods: guarantee pods of the children of \"r\" (a 9223372036854775807, b "
       "9223372036854775807)" +
           most + "2]"},
  });
}

// The same queues declared in another order are the same tree.
TEST(QueueTree, IsInOrderOfName) {
  Queues queues = {Queue("b"),        Queue("a"),           Queue("a/z", "a"), Queue("B", "b"),
                   Queue("a/b", "a"), Queue("deep", "a/b"), Queue("_", "a/b")};
  queues[1].state = QueueState::kHold;
  queues[4].state = QueueState::kOpen;
  queues[6].state = QueueState::kDrain;
  std::sort(queues.begin(), queues.end(),
            [](const QueueSpec& x, const QueueSpec& y) { return x.name < y.name; });
  do {
    ASSERT_EQ(Outcome(queues), "ok");
    const QueueTree tree(queues);
    const auto name = [&](QueueId queue) { return queues[queue.index()].name; };
    std::vector<std::string> visited;
    for (const QueueId queue : tree.DepthFirst()) visited.push_back(name(queue));
    ASSERT_EQ(visited, (std::vector<std::string>{"a", "a/b", "_", "deep", "a/z", "b", "B"}));
    ASSERT_EQ(tree.size(), 7U);
    ASSERT_EQ(tree.children(QueueId::None()).size(), 2U);
    for (const QueueId queue : tree.DepthFirst()) {
      const std::string parent = queues[queue.index()].parent;
      ASSERT_EQ(tree.parent(queue).valid() ? name(tree.parent(queue)) : "", parent);
      const bool inner = name(queue) == "a" || name(queue) == "b" || name(queue) == "a/b";
      ASSERT_EQ(tree.IsLeaf(queue), !inner);
      // B < _ < a < a/b < a/z < b < deep, bytewise.
      const std::vector<std::string> names = {"B", "_", "a", "a/b", "a/z", "b", "deep"};
      ASSERT_EQ(names[tree.NameRank(queue)], name(queue));
      QueueState state = QueueState::kHold;  // of all below a, but for what is stricter
      if (name(queue) == "b" || name(queue) == "B") state = QueueState::kOpen;
      if (name(queue) == "_") state = QueueState::kDrain;
      ASSERT_EQ(tree.EffectiveState(queue), state) << name(queue);
    }
  } while (std::next_permutation(
      queues.begin(), queues.end(),
      [](const QueueSpec& x, const QueueSpec& y) { return x.name < y.name; }));
}

TEST(QueueTree, AGuaranteeIsDeclaredOrTheSumOfTheChildrens) {
  const Queues queues = {Queue("r"),
                         Queue("m", "r"),
                         Queue("a", "m", {{"cpu", 1'000}, {"pods", 1}}),
                         Queue("b", "m", {{"cpu", 2'000}, {"memory", 5}}),
                         Queue("d", "r", {{"cpu", 9'000}}),
                         Queue("e", "d", {{"cpu", 4'000}}),
                         Queue("none")};
  ASSERT_EQ(Outcome(queues), "ok");
  const QueueTree tree(queues);
  const auto guarantee = [&](std::uint32_t i) { return tree.Guarantee(QueueId(i)); };
  EXPECT_EQ(guarantee(0), (NamedAmounts{{"cpu", 12'000}, {"memory", 5}, {"pods", 1}}));
  EXPECT_EQ(guarantee(1), (NamedAmounts{{"cpu", 3'000}, {"memory", 5}, {"pods", 1}}));
  EXPECT_EQ(guarantee(2), (NamedAmounts{{"cpu", 1'000}, {"pods", 1}}));
  EXPECT_EQ(guarantee(4), (NamedAmounts{{"cpu", 9'000}}));
  EXPECT_EQ(guarantee(6), NamedAmounts{});
}

TEST(QueueTree, OfNoQueuesIsEmpty) {
  const QueueTree tree({});
  EXPECT_EQ(tree.size(), 0U);
  EXPECT_TRUE(tree.DepthFirst().empty());
  EXPECT_TRUE(tree.children(QueueId::None()).empty());
}

}  // namespace
}  // namespace fairlead
