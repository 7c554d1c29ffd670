#include "tests/property/fair_subject.h"

#include "tests/support/fair_reference.h"

namespace fairlead::testing_support {

const Subject& UnderTest() {
  static const Subject subject = Reference();
  return subject;
}

}  // namespace fairlead::testing_support
