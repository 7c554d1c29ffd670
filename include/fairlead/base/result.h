// Result<T>: a value or an Error, for I/O and input of users. Expected outcomes of scheduling are
// values of their own (see model/plan.h) and never come as an Error.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "fairlead/base/check.h"

namespace fairlead {

// What went wrong, and where as far as it is known: line and column count from 1, 0 = unknown;
// `field` is a path such as "queues[2].weight". The message says what was found and what was
// expected.
struct Error {
  std::string message;
  std::string file;
  int line = 0;
  int column = 0;
  std::string field;

  // "FILE:LINE:COLUMN: FIELD: MESSAGE", without the parts that are unknown.
  std::string ToString() const;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a function returns either kind as it is.
  Result(T value) : state_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    FAIRLEAD_CHECK(ok(), "value() of an error: {}", std::get<1>(state_).ToString());
    return std::get<0>(state_);
  }
  T& value() & {
    FAIRLEAD_CHECK(ok(), "value() of an error: {}", std::get<1>(state_).ToString());
    return std::get<0>(state_);
  }
  T&& value() && {
    FAIRLEAD_CHECK(ok(), "value() of an error: {}", std::get<1>(state_).ToString());
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const {
    FAIRLEAD_CHECK(!ok(), "error() of a value");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Ok {};
// For functions that return nothing but may fail: `return Ok{};`.
using Status = Result<Ok>;

}  // namespace fairlead
