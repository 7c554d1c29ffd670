// Every case, at the embedded server in both of its profiles.
#include <gtest/gtest.h>

#include "tests/conformance/embedded.h"

namespace fairlead::conformance {
namespace {

using apiserver::Profile;

struct Param {
  Case one;
  Profile profile;
};

void PrintTo(const Param& param, std::ostream* out) { PrintTo(param.one, out); }

std::vector<Param> Params() {
  std::vector<Param> params;
  for (Case& one : LoadCases(FAIRLEAD_SOURCE_DIR "/tests/conformance/cases")) {
    if (one.since <= 20 && one.until >= 20) params.push_back({one, Profile::k120});
    if (one.since <= 34 && one.until >= 34) params.push_back({one, Profile::kCurrent});
  }
  return params;
}

class Conformance : public testing::TestWithParam<Param> {};

TEST_P(Conformance, Holds) {
  Embedded server(GetParam().profile);
  const Outcome outcome = RunCase(GetParam().one, server.target(), "conformance");
  for (const std::string& failure : outcome.failures) ADD_FAILURE() << failure;
}

std::string NameOf(const testing::TestParamInfo<Param>& info) {
  return (info.param.profile == Profile::k120 ? "v120_" : "current_") + info.param.one.TestName();
}

INSTANTIATE_TEST_SUITE_P(Embedded, Conformance, testing::ValuesIn(Params()), NameOf);

}  // namespace
}  // namespace fairlead::conformance
