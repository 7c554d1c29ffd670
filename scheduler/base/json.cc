#include "fairlead/base/json.h"

#include <fmt/format.h>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

bool InRange(unsigned char c, unsigned char low, unsigned char high) {
  return c >= low && c <= high;
}

// The length of the well-formed UTF-8 sequence at the front of `s`, which is not empty, or 0.
std::size_t Utf8Length(std::string_view s) {
  const auto at = [s](std::size_t i) {
    return i < s.size() ? static_cast<unsigned char>(s[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (InRange(lead, 0xC2, 0xDF)) return InRange(at(1), 0x80, 0xBF) ? 2 : 0;
  if (InRange(lead, 0xE0, 0xEF)) {
    // Neither overlong forms nor surrogates.
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return InRange(at(1), low, high) && InRange(at(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (InRange(lead, 0xF0, 0xF4)) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return InRange(at(1), low, high) && InRange(at(2), 0x80, 0xBF) && InRange(at(3), 0x80, 0xBF)
               ? 4
               : 0;
  }
  return 0;
}

void AppendAscii(char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  } else {
    *out += c;
  }
}

void AppendQuoted(std::string_view value, std::string* out) {
  *out += '"';
  while (!value.empty()) {
    const std::size_t length = Utf8Length(value);
    if (length == 1) {
      AppendAscii(value[0], out);
    } else if (length == 0) {
      *out += "\xEF\xBF\xBD";
    } else {
      *out += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  *out += '"';
}

}  // namespace

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_.empty()) {
    if (!first_.back()) out_ += ',';
    first_.back() = false;
  }
  if (break_) out_ += '\n';
  break_ = false;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  first_.push_back(true);
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  FAIRLEAD_CHECK(!first_.empty() && !after_key_, "unbalanced JSON: {}", out_);
  first_.pop_back();
  if (break_) out_ += '\n';
  break_ = false;
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::BeginObject() { return Open('{'); }
JsonWriter& JsonWriter::EndObject() { return Close('}'); }
JsonWriter& JsonWriter::BeginArray() { return Open('['); }
JsonWriter& JsonWriter::EndArray() { return Close(']'); }

JsonWriter& JsonWriter::Key(std::string_view key) {
  FAIRLEAD_CHECK(!first_.empty() && !after_key_, "key '{}' outside of an object", key);
  Separate();
  AppendQuoted(key, &out_);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  Separate();
  out_ += text;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendQuoted(value, &out_);
  return *this;
}

JsonWriter& JsonWriter::Int(std::int64_t value) { return Raw(fmt::format_int(value).c_str()); }
JsonWriter& JsonWriter::Unsigned(std::uint64_t value) {
  return Raw(fmt::format_int(value).c_str());
}
JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::NewLine() {
  if (first_.empty()) {
    out_ += '\n';
  } else {
    break_ = true;  // written after the comma, which only the next value can know to be due
  }
  return *this;
}

JsonWriter& JsonWriter::Field(std::string_view key, std::string_view value) {
  return Key(key).String(value);
}
JsonWriter& JsonWriter::Field(std::string_view key, std::int64_t value) {
  return Key(key).Int(value);
}
JsonWriter& JsonWriter::Field(std::string_view key, bool value) { return Key(key).Bool(value); }

}  // namespace fairlead
