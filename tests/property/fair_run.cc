#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/property/fair_properties.h"

namespace fairlead::testing_support {

bool Holds(FairProperty property, const Subject& subject, const RunOptions& options) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = options.cases;
  params.disableShrinking = params.disableShrinking || options.quietly;
  if (options.seed) params.seed = *options.seed;
  const auto result = rc::detail::checkProperty(rc::detail::toProperty([&] { property(subject); }),
                                                rc::detail::TestMetadata(), params);
  const bool held = result.is<rc::detail::SuccessResult>();
  if (!held && !options.quietly) {
    rc::detail::printResultMessage(result, std::cerr);
    std::cerr << '\n';
  }
  return held;
}

int ScaledCases(int cases) {
  const char* text = std::getenv("FAIRLEAD_FAIR_CASES");  // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr) return cases;
  const long all = std::strtol(text, nullptr, 10);
  return static_cast<int>(1 + all * cases / kFairCases);
}

}  // namespace fairlead::testing_support
