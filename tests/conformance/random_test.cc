// Random sequences of requests, to the real kube-apiserver 1.20 and to the embedded server's 1.20
// profile at once. FAIRLEAD_DIFFERENTIAL_SEQUENCES says how many (40), FAIRLEAD_DIFFERENTIAL_SEED
// which is the first.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/conformance/random_run.h"
#include "tests/support/control_plane.h"

namespace fairlead::conformance {
namespace {

std::uint64_t Number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(RandomRequests, GetTheSameAnswersFromTheRealAndTheEmbeddedServer) {
  const char* dir = std::getenv("FAIRLEAD_CONFORMANCE_DIR");  // NOLINT(concurrency-mt-unsafe)
  const auto plane = e2e::ControlPlane::Attach(dir == nullptr ? "" : dir);
  const std::uint64_t first = Number("FAIRLEAD_DIFFERENTIAL_SEED", 1);
  const std::uint64_t sequences = Number("FAIRLEAD_DIFFERENTIAL_SEQUENCES", 40);
  int sent = 0;
  int refused = 0;
  for (std::uint64_t seed = first; seed < first + sequences; ++seed) {
    const std::string name = "r" + std::to_string(getpid()) + "-" + std::to_string(seed);
    const RandomOutcome outcome = RunRandomSequence(seed, {plane->admin(), 20}, name);
    sent += outcome.sent;
    refused += outcome.refused;
    ASSERT_TRUE(outcome.report.empty()) << outcome.report;
  }
  // Neither only refusals nor only what is valid.
  EXPECT_GT(refused * 10, sent);
  EXPECT_LT(refused * 10, sent * 9);
}

TEST(RandomRequests, AreTheSameForTheSameSeed) {
  const auto bodies = [](std::uint64_t seed) {
    std::string text;
    for (const RandomRequest& one : RandomSequence(seed)) text += one.path + one.body.dump() + "\n";
    return text;
  };
  EXPECT_EQ(bodies(7), bodies(7));
  EXPECT_NE(bodies(7), bodies(8));
}

TEST(RandomRequests, ADifferenceIsSeenBehindTheRules) {
  const Json one = {{"status", 422},
                    {"body",
                     {{"kind", "Status"},
                      {"message", "x is invalid"},
                      {"details", {{"causes", {{{"field", "spec.a"}, {"message", "m"}}}}}}}}};
  Json other = one;
  EXPECT_TRUE(AnswerDifferences(one, other).empty());
  other["body"]["details"]["causes"][0]["field"] = "spec.b";
  EXPECT_EQ(AnswerDifferences(one, other).size(), 1U);
  other = one;
  other["body"]["message"] = "x is not invalid";
  EXPECT_EQ(AnswerDifferences(one, other).size(), 1U);
  other["status"] = 400;
  EXPECT_EQ(AnswerDifferences(one, other).size(), 2U);
}

}  // namespace
}  // namespace fairlead::conformance
