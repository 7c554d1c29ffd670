// Errors that have a message only.
#pragma once

#include <string>
#include <utility>

#include "fairlead/base/result.h"

namespace fairlead::kube {

inline Error MakeError(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

}  // namespace fairlead::kube
