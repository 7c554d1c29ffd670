// A writer for JSON text: compact, keys in the order given, no floating point. The same calls give
// the same bytes on every machine. Strings are escaped; each byte of invalid UTF-8 is replaced by
// U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead {

class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Unsigned(std::uint64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // A value that is JSON already, taken as it is.
  JsonWriter& Raw(std::string_view json);
  // A line break between values, for files that people read and diff.
  JsonWriter& NewLine();

  // Shorthands for one member of an object.
  JsonWriter& Field(std::string_view key, std::string_view value);
  JsonWriter& Field(std::string_view key, const char* value) {
    return Field(key, std::string_view(value));
  }
  JsonWriter& Field(std::string_view key, std::int64_t value);
  JsonWriter& Field(std::string_view key, bool value);

  const std::string& text() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  void Separate();
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);

  std::string out_;
  std::vector<bool> first_;  // per open container: is the next value its first
  bool after_key_ = false;
  bool break_ = false;  // a line break is due before the next value or closing bracket
};

}  // namespace fairlead
