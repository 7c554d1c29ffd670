// JsonFields: reads the fields of one JSON object with types and ranges, and remembers the first
// thing that is wrong, so that a reader is a list of fields and one check at its end. After an
// error every read gives a zero value, which the caller throws away.
//
// Heavy (simdjson): include it in a .cc only.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"

namespace fairlead {

class JsonFields {
 public:
  using Element = simdjson::dom::element;

  // `what` names the object in errors, such as "nodes". `error` is shared by all readers of a text.
  JsonFields(Element element, std::string_view what, std::optional<Error>* error)
      : what_(what), error_(error) {
    // After an error the element may be one that stands for nothing.
    if (ok() && element.get(object_) != simdjson::SUCCESS) Fail("", "an object");
  }

  bool ok() const { return !error_->has_value(); }

  std::int64_t Int(std::string_view key,
                   std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                   std::int64_t max = std::numeric_limits<std::int64_t>::max()) {
    std::int64_t value = 0;
    if (!Read(key, "an integer", &value)) return 0;
    if (value < min || value > max) {
      Fail(key, "an integer from " + std::to_string(min) + " to " + std::to_string(max));
      return 0;
    }
    return value;
  }

  std::int32_t Int32(std::string_view key,
                     std::int32_t min = std::numeric_limits<std::int32_t>::min(),
                     std::int32_t max = std::numeric_limits<std::int32_t>::max()) {
    return static_cast<std::int32_t>(Int(key, min, max));
  }

  // A position in a table of `size` entries.
  std::uint32_t Index(std::string_view key, std::size_t size) {
    if (size == 0) {
      Fail(key, "no reference, since the table is empty");
      return 0;
    }
    return static_cast<std::uint32_t>(Int(key, 0, static_cast<std::int64_t>(size) - 1));
  }

  std::uint64_t Unsigned(std::string_view key) {
    std::uint64_t value = 0;
    Read(key, "a non-negative integer", &value);
    return value;
  }

  bool Bool(std::string_view key) {
    bool value = false;
    Read(key, "true or false", &value);
    return value;
  }

  std::string String(std::string_view key) {
    std::string_view value;
    Read(key, "a string", &value);
    return std::string(value);
  }

  // Is the field there, of whatever type? For fields that may be left out.
  bool Has(std::string_view key) const {
    return ok() && object_.at_key(key).error() == simdjson::SUCCESS;
  }

  // Is the field there and null?
  bool IsNull(std::string_view key) {
    Element child;
    return Read(key, "a value or null", &child) && child.is_null();
  }

  // Calls `each(element)` for the items of an array, until an error.
  template <typename Each>
  void Array(std::string_view key, Each each) {
    simdjson::dom::array array;
    if (!Read(key, "an array", &array)) return;
    for (const Element item : array) {
      if (!ok()) return;
      each(item);
    }
  }

  // Calls `each(key, element)` for the members of an object, until an error.
  template <typename Each>
  void Object(std::string_view key, Each each) {
    simdjson::dom::object object;
    if (!Read(key, "an object", &object)) return;
    for (const auto [name, value] : object) {
      if (!ok()) return;
      each(std::string(name), value);
    }
  }

  // The value of an item of Array or Object.
  template <typename T>
  T Value(Element element, std::string_view key, std::string_view expected) {
    T value{};
    if (ok() && element.get(value) != simdjson::SUCCESS) Fail(key, expected);
    return value;
  }

  std::vector<std::string> Strings(std::string_view key) {
    std::vector<std::string> values;
    Array(key, [&](Element item) {
      values.emplace_back(Value<std::string_view>(item, key, "an array of strings"));
    });
    return values;
  }

  // For a JsonFields of its own.
  Element Child(std::string_view key) {
    Element child;
    Read(key, "a value", &child);
    return child;
  }

  void Fail(std::string_view key, std::string_view expected) {
    if (error_->has_value()) return;
    Error error;
    error.field = std::string(what_);
    if (!key.empty()) error.field.append(".").append(key);
    error.message = "expected " + std::string(expected);
    *error_ = std::move(error);
  }

 private:
  template <typename T>
  bool Read(std::string_view key, std::string_view expected, T* out) {
    if (!ok()) return false;
    if (object_.at_key(key).get(*out) == simdjson::SUCCESS) return true;
    Fail(key, expected);
    return false;
  }

  simdjson::dom::object object_;
  std::string_view what_;
  std::optional<Error>* error_;
};

}  // namespace fairlead
