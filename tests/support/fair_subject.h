// Which solver the properties and examples judge: the product's.
#pragma once

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

const Subject& UnderTest();

}  // namespace fairlead::testing_support
