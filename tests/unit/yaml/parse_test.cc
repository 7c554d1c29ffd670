#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/yaml/document.h"

namespace fairlead::yaml {
namespace {

using Cases = std::vector<std::pair<std::string, std::string>>;

// Each text must be refused with exactly this error.
void ExpectRefused(const Cases& cases, const Bounds& bounds = {}) {
  for (const auto& [text, message] : cases) {
    const Result<Node> result = Parse(text, "f", bounds);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().ToString(), message) << text;
  }
}

std::string Json(const std::string& text) {
  const Result<Node> node = Parse(text, "f");
  return node.ok() ? ToJson(*node) : node.error().ToString();
}

std::string Place(const Node& node) {
  return fmt::format("{}:{} key {}:{}", node.line, node.column, node.key_line, node.key_column);
}

TEST(Parse, EveryNodeKnowsItsPlace) {
  const Result<Node> root =
      Parse("# c\na: 1\nbé: ü\nlist:\n  - x\n  - {k: v}\nnone:\nend: [y, z]\n", "f");
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  EXPECT_EQ(Place(*root), "2:1 key 0:0");
  EXPECT_EQ(Place(*root->Find("a")), "2:4 key 2:1");
  EXPECT_EQ(Place(*root->Find("bé")), "3:6 key 3:1");
  const Node& list = *root->Find("list");
  EXPECT_EQ(Place(list), "5:3 key 4:1");
  EXPECT_EQ(Place(list.items[0]), "5:5 key 0:0");
  EXPECT_EQ(Place(list.items[1]), "6:5 key 0:0");
  EXPECT_EQ(Place(*list.items[1].Find("k")), "6:9 key 6:6");
  EXPECT_EQ(Place(*root->Find("none")), "7:1 key 7:1");
  EXPECT_EQ(Place(root->Find("end")->items[1]), "8:10 key 0:0");
  EXPECT_EQ(root->Find("absent"), nullptr);
}

TEST(Parse, EmptyTextIsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "~"}) {
    const Result<Node> root = Parse(text, "f");
    ASSERT_TRUE(root.ok()) << text;
    EXPECT_EQ(root->kind, Kind::kNull) << text;
  }
}

TEST(Parse, QuotedScalarsAreMarked) {
  const Result<Node> root =
      Parse("- plain\n- 'single'\n- \"double\"\n- |\n  block\n- !!str 12\n- ! 12\n- &x 'a'\n", "f");
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  std::string quoted;
  for (const Node& item : root->items) quoted += item.quoted ? 'q' : 'p';
  EXPECT_EQ(quoted, "pqqqqqq");
}

TEST(Parse, RefusesDuplicateKeys) {
  ExpectRefused({
      {"a: 1\nb: 2\n'a': 3", "f:3:1: duplicate key 'a': expected it once, first at 1:1"},
      {"{x: {a: 1, a: 2}}", "f:1:12: duplicate key 'a': expected it once, first at 1:6"},
  });
  EXPECT_EQ(Json("a: {x: 1}\nb: {x: 1}"), R"({"a":{"x":1},"b":{"x":1}})");
}

// The parser accepts most of these by itself.
TEST(Parse, RefusesUnterminatedQuotes) {
  const std::string message = "unterminated quote: expected the closing quote before the end";
  ExpectRefused({
      {"a: 'x\nb: 1\n", "f:1:4: " + message},
      {"a: '", "f:1:4: " + message},
      {"a: \"", "f:1:4: " + message},
      {"a: 'x\n  ", "f:1:4: " + message},
      {"a: \"x\n\n", "f:1:4: " + message},
      {"a: &x \"y\n", "f:1:4: " + message},
      {"a: !!str\n  'y\n", "f:1:4: " + message},
      {"a: &x # it's\n  'y\n", "f:1:4: " + message},
      {"'", "f:1:1: " + message},
      {"- \"\n", "f:1:3: " + message},
      {"a: \"b\\\"\n", "f:1:4: " + message},
      {"a: 'it''\n", "f:1:4: " + message},
      {"é:\n  - 'ü'\n  - ü: 'x\n", "f:3:9: " + message},
      {"a: 'x", "f:1:6: " + message},
      {"a: [\"x", "f:1:7: " + message},
  });
}

TEST(Parse, TakesQuotesThatClose) {
  EXPECT_EQ(
      Json("- 'it''s'\n- ''\n- \"\"\n- \"\\\"\"\n- ''''\n- \"\\\\\"\n- it's\n- a # 'x\n- '#'"),
      R"(["it's","","","\"","'","\\","it's","a","#"])");
  EXPECT_EQ(Json("- |\n  'x\n- >\n  \"y\n- \"two\n  lines\"\n"), R"(["'x\n","\"y\n","two lines"])");
  EXPECT_EQ(Json("- &q 'x'\n- *q\n- !!str \"z\"\n- '\xEF\xBC\x87'"),
            "[\"x\",\"x\",\"z\",\"\xEF\xBC\x87\"]");
}

TEST(Parse, RefusesTabsAsIndentation) {
  const std::string message = "a tab in the indentation: expected spaces";
  ExpectRefused({
      {"\ta: 1", "f:1:2: " + message},
      {"a:\n\tb", "f:2:2: " + message},
      {"a:\n\tb: 1", "f:2:2: " + message},
      {"a:\n  b: 1\n\tc: 2", "f:3:1: " + message},
      {"a:\n \t- b", "f:2:3: " + message},
      {"a: [\n\tb]", "f:2:2: " + message},
      {"a:\n\t[]", "f:2:2: " + message},
  });
  EXPECT_EQ(Json("a:\t1\nb: 2\t\nc: |\n  x\ty\n  \tz\n"), R"({"a":1,"b":2,"c":"x\ty\n\tz\n"})");
}

TEST(Parse, RefusesKeysThatAreNotScalars) {
  ExpectRefused({
      {"? [a]\n: b", "f:1:3: the key is a list or a map: expected a scalar"},
      {"{{a: b}: c}", "f:1:2: the key is a list or a map: expected a scalar"},
      {"a: &x b\n*x : c", "f:2:1: the key is an alias: expected a scalar"},
      {"~: a", "f:1:1: the key is null: expected a scalar, null in quotes"},
      {"null: a", "f:1:1: the key is null: expected a scalar, null in quotes"},
      {"{,}", "f:1:2: the key is null: expected a scalar, null in quotes"},
  });
  EXPECT_EQ(Json("? a\n: b\n'null': c"), R"({"a":"b","null":"c"})");
}

TEST(Parse, RefusesWhatNobodyAsksFor) {
  ExpectRefused({
      {"a: &x {b: 1}\nc:\n  <<: *x",
       "f:3:3: merge keys are not supported: expected each key "
       "written out"},
      {"a: !foo 1", "f:1:4: tag '!foo': expected none or !!str"},
      {"a: !!int 1", "f:1:4: tag 'tag:yaml.org,2002:int': expected none or !!str"},
      {"!!set {a}", "f:1:1: tag 'tag:yaml.org,2002:set': expected none or !!str"},
      {"a: !foo [1]", "f:1:4: tag '!foo': expected none or !!str"},
      {"a: [b,,c]", "f:1:7: expected a value before ','"},
      {"[,a]", "f:1:2: expected a value before ','"},
  });
  EXPECT_EQ(Json("'<<': 1"), R"({"<<":1})");
  EXPECT_EQ(Json("a: !!map {b: !!seq [c, ]}"), R"({"a":{"b":["c"]}})");
}

TEST(Parse, RefusesBytesThatAreNotText) {
  ExpectRefused({
      {"a: \x80", "f:1:4: byte 0x80: expected printable UTF-8"},
      {"é: x\nü: \xC3", "f:2:5: byte 0xc3: expected printable UTF-8"},
      {"a: \xC0\x80", "f:1:4: byte 0xc0: expected printable UTF-8"},
      {"a: \xED\xA0\x80", "f:1:4: byte 0xed: expected printable UTF-8"},
      {"a: \xF4\x90\x80\x80", "f:1:4: byte 0xf4: expected printable UTF-8"},
      {std::string("a: \0b", 5), "f:1:4: byte 0x00: expected printable UTF-8"},
      {"a: 1\x04z", "f:1:5: byte 0x04: expected printable UTF-8"},  // ends the parser's input
      {"a: 1\rb: 2", "f:1:5: byte 0x0d: expected printable UTF-8"},
      {"a: \x7F", "f:1:4: byte 0x7f: expected printable UTF-8"},
      {std::string("\xFE\xFF\0a", 4), "f:1:1: byte 0xfe: expected printable UTF-8"},
  });
  EXPECT_EQ(Json("\xEF\xBB\xBF"
                 "a: 1\r\nb: \xF0\x9F\x98\x80\r\n"),
            "{\"a\":1,\"b\":\"\xF0\x9F\x98\x80\"}");
}

TEST(Parse, SaysWhereTheGrammarBreaks) {
  ExpectRefused({
      {"a: b: c", "f:1:5: not valid YAML: illegal map value"},
      {"a: 1\n]", "f:2:1: not valid YAML: illegal flow end"},
      {"a: 'x' y", "f:1:8: not valid YAML: end of map not found"},
      {"a: *x", "f:1:4: not valid YAML: the referenced anchor is not defined"},
      {"a: \"\\q\"", "f:1:7: not valid YAML: unknown escape character: q"},
  });
}

TEST(Parse, RefusesASecondDocument) {
  ExpectRefused({
      {"a: 1\n---\nb: 2", "f:2:1: a second document: expected only one"},
      {"- a\nb: 1", "f:2:1: expected the end of the document, or '---' before the next one"},
      {"[a]\nb: 1", "f:2:1: expected the end of the document, or '---' before the next one"},
      {"a: 1\n...\nb: 1", "f:3:1: expected the end of the document, or '---' before the next one"},
  });
  EXPECT_EQ(Json("---\na: 1\n...\n"), R"({"a":1})");
}

TEST(ParseAll, SplitsAtTheMarkers) {
  const Result<std::vector<Node>> documents = ParseAll("a: 1\n---\n---\n# c\nb: &x 2\n", "f");
  ASSERT_TRUE(documents.ok()) << documents.error().ToString();
  ASSERT_EQ(documents->size(), 3U);
  EXPECT_EQ(ToJson((*documents)[0]), R"({"a":1})");
  EXPECT_EQ((*documents)[1].kind, Kind::kNull);
  EXPECT_EQ(documents->at(2).Find("b")->line, 5);
  EXPECT_TRUE(ParseAll("", "f")->empty());
  // Anchors end with their document.
  EXPECT_EQ(ParseAll("a: &x 1\n---\nb: *x", "f").error().ToString(),
            "f:3:4: not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(ParseAll("[a]\nb: 1", "f").error().line, 2);
}

TEST(Parse, ExpandsAliases) {
  EXPECT_EQ(Json("a: &x {b: [1, &y 2]}\nc: *x\nd: *y\n"),
            R"({"a":{"b":[1,2]},"c":{"b":[1,2]},"d":2})");
  const Result<Node> root = Parse("a: &x [1]\nb: *x\n", "f");
  EXPECT_EQ(Place(*root->Find("b")), "2:4 key 2:1");
  ExpectRefused({{"a: &x [*x]", "f:1:8: the alias is part of what it stands for"}});
}

TEST(Bounds, OnDepth) {
  const Bounds bounds{1000, 3, 1000};
  EXPECT_TRUE(Parse("[[[a]]]", "f", bounds).ok());
  EXPECT_TRUE(Parse("a: &x [b]\nc: [*x]", "f", bounds).ok());
  ExpectRefused({{"[[[[a]]]]", "f:1:4: nested too deep: expected at most 3 levels"},
                 {"- - - - a", "f:1:7: nested too deep: expected at most 3 levels"},
                 {"a: {b: {c: {d: 1}}}", "f:1:12: nested too deep: expected at most 3 levels"},
                 // [b] is one level, and stands on the fourth.
                 {"a: &x [b]\nc: [[*x]]", "f:2:6: nested too deep: expected at most 3 levels"}},
                bounds);
  EXPECT_EQ(Parse(std::string(100'000, '[') + std::string(100'000, ']'), "f").error().ToString(),
            "f:1:65: nested too deep: expected at most 64 levels");
}

TEST(Bounds, OnNodesWithAliasesExpanded) {
  // Nodes: the list, 8 items, 1 more = 10. Keys count as nodes too.
  const Bounds bounds{1000, 64, 10};
  EXPECT_TRUE(Parse("[a,b,c,d,e,f,g,h,i]", "f", bounds).ok());
  const std::string message = "too many values: expected at most 10, aliases expanded";
  ExpectRefused({{"[a,b,c,d,e,f,g,h,i,j]", "f:1:20: " + message},
                 {"{a: b, c: d, e: f, g: h, i: j}", "f:1:29: " + message},
                 // 1 + 4 for the anchored list, 4 for its alias, and then 4 more.
                 {"- &x [a,b,c]\n- *x\n- *x", "f:3:3: " + message}},
                bounds);
}

// Nine levels of nine aliases would be 10^9 values.
TEST(Bounds, StopTheBillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 9; ++i) {
    text += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 9; ++j) text += fmt::format("*a{}, ", i - 1);
    text += "]\n";
  }
  const Result<Node> root = Parse(text, "f", Bounds{1 << 20, 64, 100'000});
  ASSERT_FALSE(root.ok());
  EXPECT_EQ(root.error().message, "too many values: expected at most 100000, aliases expanded");
  EXPECT_EQ(root.error().line, 6);
}

TEST(Bounds, OnBytesWithAliasesExpanded) {
  const Bounds bounds{100, 64, 1000};
  EXPECT_EQ(Parse(std::string(101, 'a'), "f", bounds).error().ToString(),
            "f: 101 bytes: expected at most 100");
  EXPECT_TRUE(Parse(std::string(100, 'a'), "f", bounds).ok());
  ExpectRefused({{"- &x " + std::string(40, 'a') + "\n- *x\n- *x\n",
                  "f:3:3: too much text: expected at most 100 bytes, aliases expanded"}},
                bounds);
}

// What the parser would read whole before its first event.
TEST(Bounds, OnFlowCollectionsBeforeParsing) {
  EXPECT_EQ(Parse(std::string(2000, '['), "f", Bounds{10'000, 64, 1000}).error().ToString(),
            "f: too many values: expected at most 1000 of '[', '{' and ','");
}

TEST(ReadFile, ReadsOrSaysWhyNot) {
  const std::string path = testing::TempDir() + "/read_file_test.yaml";
  std::ofstream(path) << "a: 1\n";
  EXPECT_EQ(*ReadFile(path), "a: 1\n");
  EXPECT_EQ(ReadFile(path, 4).error().ToString(), path + ": too long: expected at most 4 bytes");
  EXPECT_EQ(*ReadFile(path, 5), "a: 1\n");
  std::remove(path.c_str());
  EXPECT_EQ(ReadFile(path).error().ToString(),
            path + ": cannot be read: No such file or directory");
  EXPECT_EQ(ReadFile(testing::TempDir()).error().message, "cannot be read: Is a directory");
}

TEST(ToJson, FollowsTheCoreSchema) {
  const Cases cases = {
      {"null", "null"},
      {"Null", "null"},
      {"NULL", "null"},
      {"~", "null"},
      {"nULL", "\"nULL\""},
      {"'null'", "\"null\""},
      {"''", "\"\""},
      {"true", "true"},
      {"True", "true"},
      {"FALSE", "false"},
      {"tRUE", "\"tRUE\""},
      {"yes", "\"yes\""},
      {"on", "\"on\""},
      {"'true'", "\"true\""},
      {"0", "0"},
      {"-0", "-0"},
      {"012", "12"},
      {"0012", "12"},
      {"00", "0"},
      {"+7", "7"},
      {"-7", "-7"},
      {"0x10", "16"},
      {"0xff", "255"},
      {"0xFF", "255"},
      {"0o17", "15"},
      {"0o8", "\"0o8\""},
      {"0x", "\"0x\""},
      {"-0x10", "\"-0x10\""},
      {"0x1g", "\"0x1g\""},
      {"0b1", "\"0b1\""},
      {"1e3", "1e3"},
      {"1E3", "1e3"},
      {"1e+3", "1e3"},
      {"1e-3", "1e-3"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"5.", "5.0"},
      {"5.e1", "5.0e1"},
      {"01.50", "1.50"},
      {"1e", "\"1e\""},
      {"1e+", "\"1e+\""},
      {".", "\".\""},
      {"-", "[null]"},
      {"+", "\"+\""},
      {"1.2.3", "\"1.2.3\""},
      {"1_000", "\"1_000\""},
      {"1,5", "\"1,5\""},
      {".inf", "\".inf\""},
      {".nan", "\".nan\""},
      {"12:30", "\"12:30\""},
      {"2026-01-01", "\"2026-01-01\""},
      {"'12'", "\"12\""},
      {"!!str 12", "\"12\""},
      {"|\n  12", "\"12\""},
      {"250m", "\"250m\""},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"0xffffffffffffffff", "18446744073709551615"},
      {"0x10000000000000000", "\"0x10000000000000000\""},
      {"[a, {b: [], c: {}}]", R"(["a",{"b":[],"c":{}}])"},
      {"a: \"x\\ty\"", R"({"a":"x\ty"})"},
  };
  for (const auto& [text, json] : cases) EXPECT_EQ(Json(text), json) << text;
}

}  // namespace
}  // namespace fairlead::yaml
