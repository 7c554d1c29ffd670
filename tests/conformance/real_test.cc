// Every case that holds for its version, at the real kube-apiserver 1.20; and the whole answers of
// the embedded server's 1.20 profile beside those of the real one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/conformance/embedded.h"
#include "tests/support/control_plane.h"

namespace fairlead::conformance {
namespace {

e2e::ControlPlane& Plane() {
  static const std::unique_ptr<e2e::ControlPlane> plane = [] {
    const char* dir = std::getenv("FAIRLEAD_CONFORMANCE_DIR");  // NOLINT(concurrency-mt-unsafe)
    return e2e::ControlPlane::Attach(dir == nullptr ? "" : dir);
  }();
  return *plane;
}

std::vector<Case> Cases() {
  std::vector<Case> cases = LoadCases(FAIRLEAD_SOURCE_DIR "/tests/conformance/cases");
  std::erase_if(cases, [](const Case& one) { return one.since > 20 || one.until < 20; });
  return cases;
}

class RealServer : public testing::TestWithParam<Case> {};

TEST_P(RealServer, HoldsAndAgreesWithTheEmbedded) {
  const Case& one = GetParam();
  // The namespaces of the real server stay Terminating, for nobody empties them.
  static int cases = 0;
  const std::string ns = "c" + std::to_string(getpid()) + "-" + std::to_string(cases++);
  const Outcome real = RunCase(one, {Plane().admin(), 20}, ns);
  for (const std::string& failure : real.failures) ADD_FAILURE() << "real: " << failure;

  Embedded embedded(apiserver::Profile::k120);
  const Outcome ours = RunCase(one, embedded.target(), ns);
  ASSERT_EQ(real.answers.size(), ours.answers.size());
  for (std::size_t i = 0; i < real.answers.size(); ++i) {
    if (!one.steps[i].differs.empty()) continue;
    for (const std::string& difference : Differences(real.answers[i], ours.answers[i])) {
      ADD_FAILURE() << "line " << one.steps[i].line << ": " << one.steps[i].method << " "
                    << one.steps[i].path << ": real | embedded: " << difference;
    }
  }
}

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.TestName(); }

INSTANTIATE_TEST_SUITE_P(Conformance, RealServer, testing::ValuesIn(Cases()), NameOf);

}  // namespace
}  // namespace fairlead::conformance
