#include "scheduler/apiserver/custom_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <vector>

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kPreserve = "x-kubernetes-preserve-unknown-fields";
constexpr std::string_view kIntOrString = "x-kubernetes-int-or-string";
// The matcher recurses once per character: longer texts are not matched.
constexpr std::size_t kMaxMatched = 4'096;

bool Nullable(const json::object& schema) { return GetBool(schema, {"nullable"}, false); }

const json::object* PropertyOf(const json::object& schema, std::string_view name) {
  const json::object* property = FindObject(schema, {"properties", name});
  return property != nullptr ? property : FindObject(schema, {"additionalProperties"});
}

bool IsWhole(const json::value& value) {
  const double* number = value.if_double();
  return value.is_int64() || value.is_uint64() ||
         (number != nullptr && std::floor(*number) == *number);
}

const char* TypeOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return IsWhole(value) ? "integer" : "number";
  }
}

double NumberOf(const json::value& value) {
  boost::system::error_code error;
  const auto number = value.to_number<double>(error);
  return error ? 0 : number;
}

std::string NumberText(const json::value& value) {
  return value.is_double() ? fmt::format("{}", value.get_double())
                           : std::string(json::serialize(value));
}

// One value against one schema node, without what is inside it.
class Node {
 public:
  Node(const SchemaCheck& check, const json::object& schema, const json::value& value,
       const std::string& field, Findings* findings)
      : check_(check), schema_(schema), value_(value), field_(field), findings_(findings) {}

  // False: of another type.
  bool Type() const {
    const std::string_view type = GetString(schema_, {"type"});
    const std::string_view actual = TypeOf(value_);
    const bool either = GetBool(schema_, {kIntOrString}, false);
    if (either && type.empty()) {
      if (actual == "integer" || actual == "string") return true;
      return Refuse("integer,string", actual);
    }
    if (type.empty() || actual == type || (type == "number" && actual == "integer")) return true;
    return Refuse(type, actual);
  }

  void Enum() const {
    const json::array* values = FindArray(schema_, {"enum"});
    if (values == nullptr) return;
    std::string list;
    for (const json::value& one : *values) {
      if (one == value_) return;
      list += (list.empty() ? "" : ", ") + EnumText(one);
    }
    const std::string text = value_.is_string() || value_.is_number()
                                 ? std::string(json::serialize(value_))
                                 : Quoted("null");
    findings_->Add({"FieldValueNotSupported",
                    fmt::format("Unsupported value: {}: supported values: {}", text, list),
                    field_});
  }

  void Number() const {
    if (!value_.is_number()) return;
    const double number = NumberOf(value_);
    if (const json::value* least = Find(schema_, {"minimum"})) {
      const bool strict = GetBool(schema_, {"exclusiveMinimum"}, false);
      const double bound = NumberOf(*least);
      if (number < bound || (strict && number <= bound)) {
        Bound(NumberText(value_), strict ? "greater than " : "greater than or equal to ", *least);
      }
    }
    if (const json::value* most = Find(schema_, {"maximum"})) {
      const bool strict = GetBool(schema_, {"exclusiveMaximum"}, false);
      const double bound = NumberOf(*most);
      if (number > bound || (strict && number >= bound)) {
        Bound(NumberText(value_), strict ? "less than " : "less than or equal to ", *most);
      }
    }
  }

  void Text() const {
    if (!value_.is_string()) return;
    const std::string_view text = TextOf(value_);
    const std::int64_t length = std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned>(c) & 0xC0U) != 0x80U;
    });
    const std::int64_t most = GetInt(schema_, {"maxLength"}, -1);
    if (most >= 0 && length > most) {
      if (check_.old_words) {
        Say(Quoted(text), fmt::format("should be at most {} chars long", most));
      } else {
        findings_->TooLong(field_, fmt::format("may not be more than {} bytes", most));
      }
    }
    const std::int64_t least = GetInt(schema_, {"minLength"}, -1);
    if (least >= 0 && length < least) {
      Say(Quoted(text), fmt::format("should be at least {} chars long", least));
    }
    const std::string_view pattern = GetString(schema_, {"pattern"});
    if (!pattern.empty() && !Matches(pattern, text)) {
      Say(Quoted(text), fmt::format("should match '{}'", pattern));
    }
  }

  void Size(std::size_t size, std::string_view least_name, std::string_view most_name,
            std::string_view what) const {
    const auto count = static_cast<std::int64_t>(size);
    const std::int64_t least = GetInt(schema_, {least_name}, -1);
    if (least >= 0 && count < least) {
      Say(std::to_string(count), fmt::format("should have at least {} {}", least, what));
    }
    const std::int64_t most = GetInt(schema_, {most_name}, -1);
    if (most < 0 || count <= most) return;
    if (check_.old_words) {
      Say(std::to_string(count), fmt::format("should have at most {} {}", most, what));
    } else {
      findings_->Add({"FieldValueTooMany",
                      fmt::format("Too many: {}: must have at most {} items", count, most),
                      field_});
    }
  }

 private:
  static std::string EnumText(const json::value& value) {
    if (value.is_string()) return QuotedValue(value);
    return Quoted(std::string(json::serialize(value)));
  }

  static bool Matches(std::string_view pattern, std::string_view text) {
    if (text.size() > kMaxMatched) return true;
    try {
      const std::regex regex(pattern.begin(), pattern.end());
      return std::regex_search(text.begin(), text.end(), regex);
    } catch (const std::regex_error&) {
      return true;  // not a pattern that this library knows
    }
  }

  bool Refuse(std::string_view wanted, std::string_view actual) const {
    const std::string text = Quoted(actual);
    Say(text, fmt::format("must be of type {}: {}", wanted, text));
    return false;
  }

  void Bound(const std::string& value, std::string_view order, const json::value& bound) const {
    Say(value, fmt::format("should be {}{}", order, NumberText(bound)));
  }

  void Say(const std::string& value, const std::string& what) const {
    findings_->Invalid(field_, value, fmt::format("{} in body {}", field_, what));
  }

  const SchemaCheck& check_;
  const json::object& schema_;
  const json::value& value_;
  const std::string& field_;
  Findings* findings_;
};

std::string Join(const std::string& field, std::string_view name) {
  return field.empty() ? std::string(name) : fmt::format("{}.{}", field, name);
}

void CheckObject(const SchemaCheck& check, const json::object& schema, const json::object& object,
                 const std::string& field, Findings* findings) {
  if (const json::array* required = FindArray(schema, {"required"})) {
    for (const json::value& name : *required) {
      if (Find(object, {TextOf(name)}) == nullptr) findings->Required(Join(field, TextOf(name)));
    }
  }
  for (const auto& entry : object) {
    const json::object* inner = PropertyOf(schema, KeyOf(entry));
    if (inner == nullptr) continue;
    CheckBySchema(check, *inner, entry.value(), Join(field, KeyOf(entry)), findings);
  }
}

// Lists that are sets or maps hold each element or key once.
void CheckListType(const json::object& schema, const json::array& list, const std::string& field,
                   Findings* findings) {
  const std::string_view type = GetString(schema, {"x-kubernetes-list-type"});
  if (type != "set" && type != "map") return;
  const json::array* keys = FindArray(schema, {"x-kubernetes-list-map-keys"});
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    json::value identity = list[i];
    if (type == "map") {
      const json::object* entry = list[i].if_object();
      if (entry == nullptr || keys == nullptr) continue;
      json::object named;
      for (const json::value& key : *keys) {
        const json::value* value = Find(*entry, {TextOf(key)});
        if (value != nullptr) named.emplace(Str(TextOf(key)), *value);
      }
      identity = std::move(named);
    }
    std::string text(json::serialize(identity));
    if (std::find(seen.begin(), seen.end(), text) != seen.end()) {
      findings->Duplicate(fmt::format("{}[{}]", field, i), text);
    }
    seen.push_back(std::move(text));
  }
}

}  // namespace

void PruneBySchema(const json::object& schema, bool root, json::object* object) {
  const bool preserve = GetBool(schema, {kPreserve}, false);
  const bool embedded = root || GetBool(schema, {"x-kubernetes-embedded-resource"}, false);
  std::vector<std::string> unknown;
  for (auto& entry : *object) {
    const std::string_view name = KeyOf(entry);
    if (embedded && (name == "apiVersion" || name == "kind" || name == "metadata")) continue;
    const json::object* inner = PropertyOf(schema, name);
    if (inner == nullptr) {
      const bool any = GetBool(schema, {"additionalProperties"}, false);
      if (!preserve && !any) unknown.emplace_back(name);
      continue;
    }
    if (json::object* child = entry.value().if_object()) {
      PruneBySchema(*inner, false, child);
    } else if (json::array* list = entry.value().if_array()) {
      const json::object* items = FindObject(*inner, {"items"});
      for (json::value& element : *list) {
        json::object* one = element.if_object();
        if (one != nullptr && items != nullptr) PruneBySchema(*items, false, one);
      }
    }
  }
  for (const std::string& name : unknown) object->erase(name);
}

void DefaultBySchema(const json::object& schema, json::value* value) {
  if (json::array* list = value->if_array()) {
    const json::object* items = FindObject(schema, {"items"});
    for (json::value& element : *list) {
      if (items != nullptr) DefaultBySchema(*items, &element);
    }
    return;
  }
  json::object* object = value->if_object();
  if (object == nullptr) return;
  if (const json::object* properties = FindObject(schema, {"properties"})) {
    for (const auto& entry : *properties) {
      const json::object* inner = entry.value().if_object();
      if (inner == nullptr) continue;
      const json::value* there = object->if_contains(entry.key());
      if (there != nullptr && there->is_null() && !Nullable(*inner)) {
        object->erase(entry.key());
        there = nullptr;
      }
      const json::value* preset = Find(*inner, {"default"});
      if (there == nullptr && preset != nullptr) object->emplace(entry.key(), *preset);
    }
  }
  for (auto& entry : *object) {
    const json::object* inner = PropertyOf(schema, KeyOf(entry));
    if (inner != nullptr) DefaultBySchema(*inner, &entry.value());
  }
}

void CheckBySchema(const SchemaCheck& check, const json::object& schema, const json::value& value,
                   const std::string& field, Findings* findings) {
  if (value.is_null() && Nullable(schema)) return;
  const Node node(check, schema, value, field, findings);
  const bool fits = node.Type();
  node.Enum();
  if (!fits) return;
  node.Number();
  node.Text();
  if (const json::object* object = value.if_object()) {
    node.Size(object->size(), "minProperties", "maxProperties", "properties");
    CheckObject(check, schema, *object, field, findings);
  }
  const json::array* list = value.if_array();
  if (list == nullptr) return;
  node.Size(list->size(), "minItems", "maxItems", "items");
  CheckListType(schema, *list, field, findings);
  const json::object* items = FindObject(schema, {"items"});
  for (std::size_t i = 0; items != nullptr && i < list->size(); ++i) {
    CheckBySchema(check, *items, (*list)[i],
                  check.old_words ? field : fmt::format("{}[{}]", field, i), findings);
  }
}

}  // namespace fairlead::apiserver
