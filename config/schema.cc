#include "config/fields.h"
#include "fairlead/base/json.h"

namespace fairlead {
namespace {

using config::Field;
using config::FieldKind;
using config::TextRule;

// Millionths as a decimal: 1500000 is "1.5".
std::string FormatWeight(std::int64_t weight) {
  std::string text = fmt::format("{}.{:06}", weight / kWeightOne, weight % kWeightOne);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

template <typename T>
std::string Description(const Field<T>& field) {
  if (field.kind != FieldKind::kDuration) return std::string(field.doc);
  return fmt::format("{} A duration from {} to {}, such as 30s or 1m30s.", field.doc,
                     FormatDuration({field.min}), FormatDuration({field.max}));
}

void WriteText(TextRule rule, JsonWriter* json) {
  const config::TextRuleSpec& spec = config::SpecOf(rule);
  json->Field("type", "string");
  if (!spec.pattern.empty()) json->Field("pattern", spec.pattern);
  json->Key("minLength").Unsigned(spec.min_length).Key("maxLength").Unsigned(spec.max_length);
}

// The type, the range and the default.
template <typename T>
void WriteValue(const Field<T>& field, JsonWriter* json) {
  const T defaults;
  switch (field.kind) {
    case FieldKind::kString: {
      WriteText(field.rule, json);
      const std::string& text = defaults.*std::get<std::string T::*>(field.member);
      if (config::Matches(field.rule, text)) json->Field("default", text);
      return;
    }
    case FieldKind::kStrings: {
      json->Field("type", "array").Field("minItems", field.min).Field("maxItems", field.max);
      json->Key("items").BeginObject();
      WriteText(field.rule, json);
      json->EndObject();
      const auto& list = defaults.*std::get<std::vector<std::string> T::*>(field.member);
      if (list.empty()) return;
      json->Key("default").BeginArray();
      for (const std::string& item : list) json->String(item);
      json->EndArray();
      return;
    }
    case FieldKind::kInt:
      json->Field("type", "integer").Field("minimum", field.min).Field("maximum", field.max);
      json->Field("default", defaults.*std::get<std::int64_t T::*>(field.member));
      return;
    case FieldKind::kWeight:
      json->Field("type", "number").Key("minimum").Raw(FormatWeight(field.min));
      json->Key("maximum").Raw(FormatWeight(field.max));
      json->Key("default").Raw(FormatWeight(defaults.*std::get<std::int64_t T::*>(field.member)));
      return;
    case FieldKind::kDuration:
      json->Field("type", "string").Field("minLength", std::int64_t{1});
      json->Field("pattern",
                  "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$");
      json->Field("default", FormatDuration(defaults.*std::get<Duration T::*>(field.member)));
      return;
  }
}

template <typename T>
void WriteMembers(std::span<const Field<T>> fields, JsonWriter* json) {
  for (const Field<T>& field : fields) {
    json->NewLine().Key(field.key).BeginObject().Field("description", Description(field));
    WriteValue(field, json);
    json->EndObject();
  }
}

// The rest of an object's schema, after its description: "type", members and what is required.
template <typename T>
void WriteObject(std::span<const Field<T>> fields, JsonWriter* json) {
  json->Field("type", "object").Field("additionalProperties", false);
  json->Key("properties").BeginObject();
  WriteMembers(fields, json);
  json->EndObject();
  json->Key("required").BeginArray();
  for (const Field<T>& field : fields) {
    if (field.required) json->String(field.key);
  }
  json->EndArray();
}

template <typename T>
void WriteSection(std::string_view key, std::string_view doc, std::span<const Field<T>> fields,
                  JsonWriter* json) {
  json->NewLine().Key(key).BeginObject().Field("description", doc);
  WriteObject(fields, json);
  json->EndObject();
}

template <typename T>
void WriteList(std::string_view key, std::string_view doc, std::span<const Field<T>> fields,
               JsonWriter* json) {
  json->NewLine().Key(key).BeginObject().Field("description", doc);
  json->Field("type", "array").Field("minItems", std::int64_t{1}).Key("items").BeginObject();
  WriteObject(fields, json);
  json->EndObject().EndObject();
}

}  // namespace

std::string ConfigSchema() {
  JsonWriter json;
  json.BeginObject().NewLine();
  json.Field("$schema", "https://json-schema.org/draft/2020-12/schema").NewLine();
  json.Field("title", "Fairlead configuration").NewLine();
  // A file without any key is null, not an object.
  json.Key("type").BeginArray().String("object").String("null").EndArray().NewLine();
  json.Field("additionalProperties", false).NewLine();
  json.Key("properties").BeginObject();
  WriteMembers(config::RootFields(), &json);
  WriteList("queues", config::kQueuesDoc, config::QueueFields(), &json);
  WriteList("tenants", config::kTenantsDoc, config::TenantFields(), &json);
  WriteSection("policy", config::kPolicyDoc, config::PolicyFields(), &json);
  for (const config::Section& section : config::Sections()) {
    WriteSection(section.key, section.doc, section.fields, &json);
  }
  json.NewLine().EndObject().NewLine().EndObject().NewLine();
  return json.Take();
}

}  // namespace fairlead
