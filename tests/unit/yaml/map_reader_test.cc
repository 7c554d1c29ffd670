#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "fairlead/yaml/document.h"

namespace fairlead::yaml {
namespace {

// What reading `text` with `read` ends with: "ok" or the error.
std::string Outcome(const std::string& text, const std::function<void(MapReader*)>& read,
                    const std::string& path = "") {
  const Result<Node> root = Parse(text, "f");
  if (!root.ok()) return "parse: " + root.error().ToString();
  MapReader reader(*root, "f", path);
  read(&reader);
  const Status status = reader.Finish();
  return status.ok() ? "ok" : status.error().ToString();
}

TEST(MapReader, ReadsEveryType) {
  std::string name;
  bool flag = false;
  std::int64_t number = 0;
  std::int64_t weight = 0;
  std::vector<std::string> list;
  const auto read = [&](MapReader* reader) {
    reader->String("name", &name);
    reader->Bool("flag", &flag);
    reader->Int("number", -10, 10, &number);
    reader->Decimal("weight", 6, 1, 1'000'000'000'000, &weight);
    reader->Strings("list", &list);
  };
  EXPECT_EQ(Outcome("name: 12\nflag: true\nnumber: -10\nweight: 1.5\nlist: [a, '1']\n", read),
            "ok");
  EXPECT_EQ(name, "12");
  EXPECT_TRUE(flag);
  EXPECT_EQ(number, -10);
  EXPECT_EQ(weight, 1'500'000);
  EXPECT_EQ(list, (std::vector<std::string>{"a", "1"}));
  // What is absent stays as it was.
  EXPECT_EQ(Outcome("{}", read), "ok");
  EXPECT_EQ(Outcome("", read), "ok");
  EXPECT_EQ(number, -10);
}

TEST(MapReader, RefusesOtherTypes) {
  struct Case {
    std::string text;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"s: [a]", "f:1:4: s: a list: expected a string"},
      {"s:", "f:1:1: s: nothing: expected a string"},
      {"b: yes", "f:1:4: b: 'yes': expected true or false"},
      {"b: 'true'", "f:1:4: b: the string 'true': expected true or false"},
      {"b: {}", "f:1:4: b: a map: expected true or false"},
      {"i: x", "f:1:4: i: 'x': expected an integer from 0 to 9"},
      {"i: 10", "f:1:4: i: '10': expected an integer from 0 to 9"},
      {"i: -1", "f:1:4: i: '-1': expected an integer from 0 to 9"},
      {"i: 1.0", "f:1:4: i: '1.0': expected an integer from 0 to 9"},
      {"i: '1'", "f:1:4: i: the string '1': expected an integer from 0 to 9"},
      {"i: 99999999999999999999",
       "f:1:4: i: '99999999999999999999': expected an integer from 0 to 9"},
      {"i: ~", "f:1:1: i: nothing: expected an integer from 0 to 9"},
      {"l: a", "f:1:4: l: 'a': expected a list of strings"},
      {"l:", "f:1:1: l: nothing: expected a list of strings"},
      {"l: [a, [b]]", "f:1:8: l[1]: a list: expected a string"},
      {"[a]", "f:1:1: a list: expected a map"},
      {"a", "f:1:1: 'a': expected a map"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Outcome(c.text,
                      [](MapReader* reader) {
                        std::string s;
                        bool b = false;
                        std::int64_t i = 0;
                        std::vector<std::string> l;
                        reader->String("s", &s);
                        reader->Bool("b", &b);
                        reader->Int("i", 0, 9, &i);
                        reader->Strings("l", &l);
                      }),
              c.error);
  }
}

TEST(MapReader, ReadsDecimalsExactly) {
  const auto read = [](const std::string& text) {
    std::int64_t value = 0;
    const std::string outcome = Outcome(
        "w: " + text, [&](MapReader* reader) { reader->Decimal("w", 3, -1500, 2000, &value); });
    return outcome == "ok" ? std::to_string(value) : outcome;
  };
  EXPECT_EQ(read("2"), "2000");
  EXPECT_EQ(read("0.001"), "1");
  EXPECT_EQ(read("1.25"), "1250");
  EXPECT_EQ(read("-1.5"), "-1500");
  EXPECT_EQ(read("-0.001"), "-1");
  for (const char* text : {"2.001", "-1.501", "0.0001", "1.", ".5", "-x", "1e0", "'1'", "1.2.3",
                           "99999999999999999999", "1.-1", "+1", "0x1", "1. 5"}) {
    EXPECT_NE(
        read(text).find("expected a number from -1.5 to 2 with at most 3 digits after the point"),
        std::string::npos)
        << text << ": " << read(text);
  }
}

TEST(MapReader, RefusesUnknownKeysWithAHint) {
  const auto read = [](MapReader* reader) {
    reader->Child("weight");
    reader->Child("name");
    reader->Child("a");
  };
  EXPECT_EQ(Outcome("name: x\nwieght: 1", read),
            "f:2:1: wieght: unknown key: did you mean 'weight'?");
  EXPECT_EQ(Outcome("nam: x", read, "queues[2]"),
            "f:1:1: queues[2].nam: unknown key: did you mean 'name'?");
  EXPECT_EQ(Outcome("weights: x", read), "f:1:1: weights: unknown key: did you mean 'weight'?");
  EXPECT_EQ(Outcome("colour: x", read),
            "f:1:1: colour: unknown key: expected one of weight, name, a");
  // Two edits turn any key into "a": no hint.
  EXPECT_EQ(Outcome("b: x", read), "f:1:1: b: unknown key: expected one of weight, name, a");
  EXPECT_EQ(Outcome("b: x", [](MapReader*) {}), "f:1:1: b: unknown key: expected no keys");
}

TEST(MapReader, MissingKeys) {
  const auto read = [](MapReader* reader) { reader->Require("name"); };
  EXPECT_EQ(Outcome("\n{}", read, "p"), "f:2:1: p.name: missing: expected a value");
  EXPECT_EQ(Outcome("name: x", read), "ok");
  // A misspelt key says more than a missing one.
  EXPECT_EQ(Outcome("nmae: x", read), "f:1:1: nmae: unknown key: did you mean 'name'?");
}

TEST(MapReader, TheFirstErrorStays) {
  EXPECT_EQ(Outcome("a: 1\nb: 2",
                    [](MapReader* reader) {
                      reader->Fail(*reader->Child("b"), "b", "first");
                      reader->Fail(*reader->Child("a"), "a", "second");
                    }),
            "f:2:4: b: first");
}

}  // namespace
}  // namespace fairlead::yaml
