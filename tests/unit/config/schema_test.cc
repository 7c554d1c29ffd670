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

TEST(ConfigSchema, KnowsTheKindsOfQueueFields) {
  const yaml::Node schema = Schema();
  const auto of_queue = [&](const std::string& field, const std::string& key) {
    return JsonAt(schema, {"properties", "queues", "items", "properties", field, key});
  };
  EXPECT_EQ(of_queue("lendable", "type"), "\"boolean\"");
  EXPECT_EQ(of_queue("lendable", "default"), "true");
  EXPECT_EQ(of_queue("priority", "minimum"), "-1000000000");
  EXPECT_EQ(of_queue("priority", "default"), "0");
  EXPECT_EQ(of_queue("max_running_gangs", "minimum"), "0");
  EXPECT_EQ(of_queue("max_running_gangs", "default"), "absent: default");
  EXPECT_EQ(of_queue("min_runtime", "default"), "\"0s\"");
  EXPECT_EQ(of_queue("user_limit", "maximum"), "1");
  EXPECT_EQ(of_queue("order", "enum"),
            R"(["priority_fifo","fifo_strict","shortest_first","fair_users"])");
  EXPECT_EQ(of_queue("order", "default"), "\"priority_fifo\"");
  EXPECT_EQ(of_queue("state", "enum"), R"(["open","hold","drain"])");
  EXPECT_EQ(of_queue("state", "default"), "\"open\"");
  EXPECT_EQ(of_queue("guarantee", "type"), "\"object\"");
  EXPECT_EQ(of_queue("guarantee", "default"), "{}");
  const std::vector<std::string> history = {"properties", "policy", "properties", "history"};
  const auto of_history = [&](std::vector<std::string> path) {
    path.insert(path.begin(), history.begin(), history.end());
    return JsonAt(schema, path);
  };
  EXPECT_EQ(of_history({"type"}), "\"object\"");
  EXPECT_EQ(of_history({"additionalProperties"}), "false");
  EXPECT_EQ(of_history({"properties", "half_life", "default"}), "\"7d\"");
  EXPECT_EQ(of_history({"properties", "strength", "maximum"}), "1");
}

// What the loader takes as names and quantities matches the schema's patterns.
TEST(ConfigSchema, AllowsWhatTheLoaderTakesAsAmounts) {
  const yaml::Node schema = Schema();
  const yaml::Node& amounts =
      *schema.Find("properties")->Find("queues")->Find("items")->Find("properties")->Find("limit");
  const std::regex name(amounts.Find("propertyNames")->Find("pattern")->scalar);
  const std::regex quantity(amounts.Find("additionalProperties")->Find("pattern")->scalar);
  for (const char* text : {"cpu", "memory", "ephemeral-storage", "pods", "hugepages-2Mi",
                           "gpu/H100", "gpu/", "example.com/fpga", "nvidia.com/mig-1g.5gb"}) {
    EXPECT_TRUE(std::regex_match(text, name)) << text;
  }
  for (const char* text : {"gpu", "cpus", "gpu/A100|H100", ""}) {
    EXPECT_FALSE(std::regex_match(text, name)) << text;
  }
  for (const char* text : {"0", "64", "512Gi", "500m", "1.5", ".5k", "5.", "+1e3", "1E-3", "2E"}) {
    EXPECT_TRUE(std::regex_match(text, quantity)) << text;
  }
  for (const char* text : {"", "NaN", "1GiB", "x", "."}) {
    EXPECT_FALSE(std::regex_match(text, quantity)) << text;
  }
}

template <typename T>
void ExpectMembers(const yaml::Node* object, std::span<const config::Field<T>> fields) {
  ASSERT_TRUE(object);
  for (const auto& field : fields) {
    const yaml::Node* member = object->Find("properties")->Find(field.key);
    ASSERT_TRUE(member) << field.key;
    EXPECT_FALSE(member->Find("description")->scalar.empty());
  }
}

// Whatever the loader knows, the schema knows.
TEST(ConfigSchema, HasEveryField) {
  const yaml::Node schema = Schema();
  const yaml::Node& properties = *schema.Find("properties");
  for (const auto& field : config::RootFields()) EXPECT_TRUE(properties.Find(field.key));
  for (const config::Section& section : config::Sections()) {
    ExpectMembers(properties.Find(section.key), section.fields);
  }
  ExpectMembers(properties.Find("queues")->Find("items"), config::QueueFields());
  ExpectMembers(properties.Find("tenants")->Find("items"), config::TenantFields());
  const yaml::Node* policy = properties.Find("policy");
  ExpectMembers(policy, config::PolicyFields());
  ExpectMembers(policy->Find("properties")->Find("aging"), config::AgingFields());
  ExpectMembers(policy->Find("properties")->Find("history"), config::HistoryFields());
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
