#include "config/fields.h"
#include "fairlead/base/json.h"

namespace fairlead {
namespace {

using config::Field;
using config::FieldKind;
using config::TextRule;

// Millionths as a decimal: 1500000 is "1.5".
std::string FormatDecimal(std::int64_t millionths) {
  std::string text = fmt::format("{}.{:06}", millionths / kWeightOne, millionths % kWeightOne);
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

void WriteList(TextRule rule, std::int64_t min, std::int64_t max,
               const std::vector<std::string>& defaults, JsonWriter* json) {
  json->Field("type", "array").Field("minItems", min).Field("maxItems", max);
  json->Key("items").BeginObject();
  WriteText(rule, json);
  json->EndObject();
  if (defaults.empty()) return;
  json->Key("default").BeginArray();
  for (const std::string& item : defaults) json->String(item);
  json->EndArray();
}

void WriteChoices(const std::vector<std::string_view>& choices, std::string_view chosen,
                  JsonWriter* json) {
  json->Key("enum").BeginArray();
  for (const std::string_view choice : choices) json->String(choice);
  json->EndArray().Field("default", chosen);
}

void WriteAmounts(JsonWriter* json) {
  json->Field("type", "object").Key("propertyNames").BeginObject();
  json->Field(
      "pattern",
      R"(^(cpu|memory|ephemeral-storage|pods|hugepages-[-A-Za-z0-9_.]+|gpu/[-A-Za-z0-9_.]*|)"
      R"([-a-z0-9.]+/[-A-Za-z0-9_.]+)$)");
  json->EndObject().Key("additionalProperties").BeginObject();
  json->Key("type").BeginArray().String("string").String("number").EndArray();
  json->Field("minimum", std::int64_t{0});
  json->Field("pattern",
              R"(^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$)");
  json->EndObject().Key("default").BeginObject().EndObject();
}

// The value that the field has in `from`.
template <typename V, typename T>
const V& Default(const Field<T>& field, const T& from) {
  return from.*std::get<V T::*>(field.member);
}

void WriteRange(std::int64_t min, std::int64_t max, JsonWriter* json) {
  json->Field("type", "integer").Field("minimum", min).Field("maximum", max);
}

// The type, the range and the default.
template <typename T>
void WriteValue(const Field<T>& field, JsonWriter* json) {
  static const T defaults;  // static: g++ 12 takes members of one on the stack for uninitialized
  switch (field.kind) {
    case FieldKind::kString: {
      WriteText(field.rule, json);
      const auto& text = Default<std::string>(field, defaults);
      if (config::Matches(field.rule, text)) json->Field("default", text);
      return;
    }
    case FieldKind::kStrings:
      return WriteList(field.rule, field.min, field.max,
                       Default<std::vector<std::string>>(field, defaults), json);
    case FieldKind::kBool:
      json->Field("type", "boolean").Field("default", Default<bool>(field, defaults));
      return;
    case FieldKind::kInt:
      WriteRange(field.min, field.max, json);
      json->Field("default", Default<std::int64_t>(field, defaults));
      return;
    case FieldKind::kSmallInt:
      WriteRange(field.min, field.max, json);
      json->Field("default", std::int64_t{Default<std::int32_t>(field, defaults)});
      return;
    case FieldKind::kCap:
      return WriteRange(field.min, field.max, json);
    case FieldKind::kDecimal:
      json->Field("type", "number").Key("minimum").Raw(FormatDecimal(field.min));
      json->Key("maximum").Raw(FormatDecimal(field.max));
      json->Key("default").Raw(FormatDecimal(Default<std::int64_t>(field, defaults)));
      return;
    case FieldKind::kDuration:
      json->Field("type", "string").Field("minLength", std::int64_t{1});
      json->Field("pattern",
                  "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$");
      json->Field("default", FormatDuration(Default<Duration>(field, defaults)));
      return;
    case FieldKind::kAmounts:
      return WriteAmounts(json);
    case FieldKind::kOrder:
      return WriteChoices(config::ChoicesOf(field.kind),
                          LeafOrderName(Default<LeafOrder>(field, defaults)), json);
    case FieldKind::kState:
      return WriteChoices(config::ChoicesOf(field.kind),
                          QueueStateName(Default<QueueState>(field, defaults)), json);
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

template <typename T>
void WriteSection(std::string_view key, std::string_view doc, std::span<const Field<T>> fields,
                  JsonWriter* json);
template <typename T>
void WriteMaps(std::string_view key, std::string_view doc, std::span<const Field<T>> fields,
               JsonWriter* json);

// Maps inside a map: only the policy has some.
template <typename T>
void WriteNested(JsonWriter*) {}

template <>
void WriteNested<Policy>(JsonWriter* json) {
  WriteSection("aging", config::kAgingDoc, config::AgingFields(), json);
  WriteSection("history", config::kHistoryDoc, config::HistoryFields(), json);
  WriteMaps("topology", config::kTopologyDoc, config::TopologyFields(), json);
}

// The rest of an object's schema, after its description: "type", members and what is required.
template <typename T>
void WriteObject(std::span<const Field<T>> fields, JsonWriter* json) {
  json->Field("type", "object").Field("additionalProperties", false);
  json->Key("properties").BeginObject();
  WriteMembers(fields, json);
  WriteNested<T>(json);
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
void WriteMaps(std::string_view key, std::string_view doc, std::span<const Field<T>> fields,
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
  WriteMaps("queues", config::kQueuesDoc, config::QueueFields(), &json);
  WriteMaps("tenants", config::kTenantsDoc, config::TenantFields(), &json);
  WriteSection("policy", config::kPolicyDoc, config::PolicyFields(), &json);
  for (const config::Section& section : config::Sections()) {
    WriteSection(section.key, section.doc, section.fields, &json);
  }
  json.NewLine().EndObject().NewLine().EndObject().NewLine();
  return json.Take();
}

}  // namespace fairlead
