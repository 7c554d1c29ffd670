#include <algorithm>
#include <charconv>

#include "fairlead/base/json.h"
#include "fairlead/yaml/document.h"

namespace fairlead::yaml {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Removes the digits at the front of `text` and returns them.
std::string_view TakeDigits(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsDigit);
  const auto length = static_cast<std::size_t>(end - text->begin());
  const std::string_view digits = text->substr(0, length);
  text->remove_prefix(length);
  return digits;
}

// 0x and 0o integers, which JSON lacks, in decimal; empty where `text` is none or exceeds 64 bits.
std::string OtherBase(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 0;
  if (base == 0) return "";
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, value, base);
  return error == std::errc() && stop == end ? fmt::format("{}", value) : "";
}

// The JSON form of a plain scalar that the core schema takes for a number, else empty:
//   [-+]? ( [0-9]+ ( \. [0-9]* )? | \. [0-9]+ ) ( [eE] [-+]? [0-9]+ )?
// JSON wants no plus, no needless zeros in front, and digits on both sides of a point.
std::string Number(std::string_view text) {
  if (std::string other = OtherBase(text); !other.empty()) return other;
  std::string json;
  if (text.starts_with('-')) json = "-";
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::string_view whole = TakeDigits(&text);
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  json += whole.empty() ? "0" : whole;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = TakeDigits(&text);
    json += '.';
    json += fraction.empty() ? "0" : fraction;
  }
  if (whole.empty() && fraction.empty()) return "";
  if (text.starts_with('e') || text.starts_with('E')) {
    json += 'e';
    text.remove_prefix(1);
    if (text.starts_with('-')) json += '-';
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view exponent = TakeDigits(&text);
    if (exponent.empty()) return "";
    json += exponent;
  }
  return text.empty() ? json : "";
}

void WriteScalar(const Node& node, JsonWriter* json) {
  const std::string& text = node.scalar;
  if (!node.quoted && (text == "true" || text == "True" || text == "TRUE")) {
    json->Bool(true);
    return;
  }
  if (!node.quoted && (text == "false" || text == "False" || text == "FALSE")) {
    json->Bool(false);
    return;
  }
  const std::string number = node.quoted ? "" : Number(text);
  if (number.empty()) {
    json->String(text);
  } else {
    json->Raw(number);
  }
}

// As deep as the tree, which the parser bounds.
void Write(const Node& node, JsonWriter* json) {
  switch (node.kind) {
    case Kind::kNull:
      json->Null();
      return;
    case Kind::kScalar:
      WriteScalar(node, json);
      return;
    case Kind::kSequence:
      json->BeginArray();
      for (const Node& item : node.items) Write(item, json);
      json->EndArray();
      return;
    case Kind::kMap:
      json->BeginObject();
      for (const auto& [key, value] : node.members) {
        json->Key(key);
        Write(value, json);
      }
      json->EndObject();
      return;
  }
}

}  // namespace

std::string ToJson(const Node& node) {
  JsonWriter json;
  Write(node, &json);
  return json.Take();
}

}  // namespace fairlead::yaml
