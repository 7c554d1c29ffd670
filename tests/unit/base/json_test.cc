#include "fairlead/base/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {
namespace {

TEST(Json, NestsAndSeparates) {
  JsonWriter json;
  json.BeginObject()
      .Field("a", "x")
      .Field("b", std::int64_t{-1})
      .Field("c", true)
      .Key("d")
      .BeginArray()
      .Int(std::numeric_limits<std::int64_t>::min())
      .Unsigned(std::numeric_limits<std::uint64_t>::max())
      .Null()
      .BeginObject()
      .EndObject()
      .BeginArray()
      .EndArray()
      .EndArray()
      .Key("e")
      .Raw("{\"f\":0}")
      .EndObject();
  EXPECT_EQ(
      json.Take(),
      R"({"a":"x","b":-1,"c":true,"d":[-9223372036854775808,18446744073709551615,null,{},[]],)"
      R"("e":{"f":0}})");
}

TEST(Json, BreaksLinesAfterCommas) {
  JsonWriter json;
  json.BeginArray().NewLine().Int(1).NewLine().Int(2).NewLine().EndArray().NewLine();
  EXPECT_EQ(json.text(), "[\n1,\n2\n]\n");
}

TEST(Json, Escapes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\"b\\c/", R"("a\"b\\c/")"},
      {"\n\r\t\b\x1f\x7f", "\"\\n\\r\\t\\u0008\\u001f\x7f\""},
      {std::string("\0", 1), R"("\u0000")"},
      {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""}};
  for (const auto& [value, text] : cases) EXPECT_EQ(JsonWriter().String(value).text(), text);
}

TEST(Json, ReplacesInvalidUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\x80z", "a" + r + "z"},
      {"\xC3", r},                          // cut short
      {"\xC3(", r + "("},                   // not continued
      {"\xC0\xAF", r + r},                  // overlong
      {"\xE0\x80\xAF", r + r + r},          // overlong
      {"\xED\xA0\x80", r + r + r},          // surrogate
      {"\xF0\x80\x80\x80", r + r + r + r},  // overlong
      {"\xF4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80", r + r + r + r},  // no such lead
      {"\xE2\x82", r + r},                  // cut short
      {"\xF0\x9F\x98", r + r + r}};         // cut short
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(JsonWriter().String(value).text(), "\"" + text + "\"");
  }
}

TEST(JsonDeathTest, RefusesUnbalancedText) {
  EXPECT_DEATH(JsonWriter().EndObject(), "check failed.*unbalanced");
  EXPECT_DEATH(JsonWriter().Key("k"), "check failed.*outside of an object");
}

}  // namespace
}  // namespace fairlead
