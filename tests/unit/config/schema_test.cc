#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "config/fields.h"

namespace fairlead {
namespace {

// JSON is YAML, so the schema can be read with what is at hand.
yaml::Node Schema() {
  const Result<yaml::Node> schema = yaml::Parse(ConfigSchema(), "schema");
  EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().ToString());
  return schema.ok() ? *schema : yaml::Node{};
}

std::string JsonAt(const yaml::Node& root, const std::vector<std::string>& path) {
  const yaml::Node* node = &root;
  for (const std::string& key : path) {
    node = node->Find(key);
    if (node == nullptr) return "absent: " + key;
  }
  return yaml::ToJson(*node);
}

TEST(ConfigSchema, SaysTypeRangeDefaultAndMeaning) {
  const yaml::Node schema = Schema();
  EXPECT_EQ(JsonAt(schema, {"$schema"}), "\"https://json-schema.org/draft/2020-12/schema\"");
  EXPECT_EQ(JsonAt(schema, {"additionalProperties"}), "false");
  EXPECT_EQ(JsonAt(schema, {"properties", "http", "properties", "port"}),
            R"({"description":"TCP port of the same; 0: any free one.","type":"integer",)"
            R"("minimum":0,"maximum":65535,"default":8470})");
  EXPECT_EQ(JsonAt(schema, {"properties", "queues", "items", "required"}), R"(["name"])");
  const std::vector<std::string> weight = {"properties", "queues", "items", "properties", "weight"};
  const auto of_weight = [&](const std::string& key) {
    std::vector<std::string> path = weight;
    path.push_back(key);
    return JsonAt(schema, path);
  };
  EXPECT_EQ(of_weight("minimum"), "0.000001");
  EXPECT_EQ(of_weight("maximum"), "1000000");
  EXPECT_EQ(of_weight("default"), "1");
  EXPECT_EQ(JsonAt(schema, {"properties", "gpu", "properties", "resources", "default"}),
            R"(["nvidia.com/gpu"])");
  EXPECT_EQ(JsonAt(schema, {"properties", "policy", "properties", "bind_timeout", "default"}),
            "\"30s\"");
  EXPECT_EQ(JsonAt(schema, {"properties", "dump_dir", "default"}), "\"\"");
}

// Whatever the loader knows, the schema knows.
TEST(ConfigSchema, HasEveryField) {
  const yaml::Node schema = Schema();
  const yaml::Node& properties = *schema.Find("properties");
  for (const auto& field : config::RootFields()) EXPECT_TRUE(properties.Find(field.key));
  for (const config::Section& section : config::Sections()) {
    const yaml::Node* node = properties.Find(section.key);
    ASSERT_TRUE(node) << section.key;
    for (const auto& field : section.fields) {
      const yaml::Node* member = node->Find("properties")->Find(field.key);
      ASSERT_TRUE(member) << field.key;
      EXPECT_FALSE(member->Find("description")->scalar.empty());
    }
  }
}

// A text that the loader takes must match the pattern; the other way the pattern may allow more.
TEST(TextRules, AgreeWithTheirPatterns) {
  using config::TextRule;
  const std::vector<std::string> texts = {"a",
                                          "a-b",
                                          "-a",
                                          "a-",
                                          "A",
                                          "a.b",
                                          "a..b",
                                          ".a",
                                          "a.",
                                          "a_b",
                                          "a/b",
                                          "/a",
                                          "a/",
                                          "a b",
                                          "",
                                          "a/b/c",
                                          "nvidia.com/gpu",
                                          "NVIDIA.com/gpu",
                                          "x.y/Z_1",
                                          "info",
                                          "warning",
                                          "trace",
                                          "\xC3\xA9",
                                          "a\n",
                                          std::string(63, 'a'),
                                          std::string(64, 'a'),
                                          std::string(128, 'a'),
                                          std::string(129, 'a'),
                                          std::string(253, 'a'),
                                          std::string(254, 'a')};
  for (const TextRule rule :
       {TextRule::kDnsLabel, TextRule::kDnsSubdomain, TextRule::kQualifiedName,
        TextRule::kQueueName, TextRule::kLogLevel}) {
    const config::TextRuleSpec& spec = config::SpecOf(rule);
    const std::regex pattern{std::string(spec.pattern)};
    for (const std::string& text : texts) {
      const bool allowed = std::regex_match(text, pattern) && text.size() >= spec.min_length &&
                           text.size() <= spec.max_length;
      EXPECT_EQ(config::Matches(rule, text), allowed) << spec.pattern << " and " << text;
    }
  }
  for (const char* text : {"127.0.0.1", "0.0.0.0", "::1", "::", "fe80::1"}) {
    EXPECT_TRUE(config::Matches(TextRule::kAddress, text)) << text;
  }
  for (const char* text :
       {"", "localhost", "1.2.3", "256.0.0.1", "::1%lo", "127.0.0.1:80", "[::1]"}) {
    EXPECT_FALSE(config::Matches(TextRule::kAddress, text)) << text;
  }
}

}  // namespace
}  // namespace fairlead
