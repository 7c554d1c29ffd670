#include "scheduler/apiserver/patch_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::apiserver {
namespace {

using Form = ValueShape::Form;

constexpr std::string_view kFieldPrefix = "f:";
constexpr std::string_view kKeyPrefix = "k:";
constexpr std::string_view kValuePrefix = "v:";

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }
std::string_view Text(json::string_view text) { return {text.data(), text.size()}; }

std::string FieldName(std::string_view name) {
  return std::string(kFieldPrefix) + std::string(name);
}

// Lists of ports and of spread constraints have a second key beside the one of strategic patches.
std::vector<std::pair<std::string_view, json::value>> KeysOf(const Field& field) {
  const Field* key = field.message == nullptr ? nullptr : field.message->Find(field.merge_key);
  const bool number = key != nullptr && key->type == FieldType::kInt;
  std::vector<std::pair<std::string_view, json::value>> keys;
  keys.emplace_back(field.merge_key, number ? json::value(0) : json::value(""));
  if (field.merge_key == "containerPort" || field.merge_key == "port") {
    keys.emplace_back("protocol", "TCP");
  } else if (field.merge_key == "topologyKey") {
    keys.emplace_back("whenUnsatisfiable", "");
  }
  return keys;
}

// The name of an element of a list that is merged.
std::string ElementName(const Field& field, const json::value& element) {
  const json::object* object = element.if_object();
  if (field.merge_key.empty() || object == nullptr) {
    return std::string(kValuePrefix) + json::serialize(element);
  }
  json::object keys;  // written in alphabetical order, which is that of KeysOf
  for (const auto& [name, fallback] : KeysOf(field)) {
    const json::value* found = object->if_contains(View(name));
    keys[View(name)] = found == nullptr ? fallback : *found;
  }
  return std::string(kKeyPrefix) + json::serialize(keys);
}

std::string ElementText(std::string_view name) {
  const bool is_value = name.starts_with(kValuePrefix);
  name.remove_prefix(kValuePrefix.size());
  if (is_value) return fmt::format("[={}]", name);
  json::error_code error;
  const json::value keys = json::parse(View(name), error);
  std::string text;
  if (const json::object* object = error ? nullptr : keys.if_object()) {
    for (const auto& [key, value] : *object) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", Text(key), json::serialize(value));
    }
  }
  return "[" + text + "]";
}

// Why the value has not the form that the schema wants, in the real server's words.
std::string Mismatch(std::string_view wanted, const json::value& value) {
  std::string text;
  if (const json::array* array = value.if_array()) {
    for (const json::value& entry : *array) {
      text += (text.empty() ? "" : " ") +
              (entry.is_string() ? std::string(Text(entry.get_string())) : json::serialize(entry));
    }
    text = "[" + text + "]";
  } else {
    text = value.is_string() ? std::string(Text(value.get_string())) : json::serialize(value);
  }
  return fmt::format("expected {}, got &{{{}}}", wanted, text);
}

class FieldsWalk {
 public:
  explicit FieldsWalk(std::vector<std::string>* errors) : errors_(errors) {}

  void Visit(const ValueShape& shape, const json::value& value, FieldSet* set) {
    switch (shape.FormOf(value)) {
      case Form::kScalar:
      case Form::kAtomic:
        set->self = true;
        break;
      case Form::kStruct:
      case Form::kMap:
        VisitMembers(shape, value, set);
        break;
      case Form::kKeyed:
      case Form::kSet:
        VisitElements(shape, value, set);
        break;
    }
  }

 private:
  void Fail(const std::string& why) { errors_->push_back(PathText(path_) + ": " + why); }

  void VisitMembers(const ValueShape& shape, const json::value& value, FieldSet* set) {
    if (value.is_null()) return;
    const json::object* object = value.if_object();
    if (object == nullptr) return Fail(Mismatch("map", value));
    for (const auto& [key, member] : *object) {
      path_.push_back(FieldName(Text(key)));
      const bool declared = shape.message != nullptr;
      if (declared && shape.message->Find(Text(key)) == nullptr) {
        Fail("field not declared in schema");
      } else {
        FieldSet& child = set->children[path_.back()];
        Visit(shape.Member(Text(key)), member, &child);
        // A key that the schema does not name is owned itself, not only through what is in it.
        child.self = child.self || !declared;
      }
      path_.pop_back();
    }
  }

  void VisitElements(const ValueShape& shape, const json::value& value, FieldSet* set) {
    if (value.is_null()) return;
    const json::array* list = value.if_array();
    if (list == nullptr) return Fail(Mismatch("list", value));
    for (const json::value& element : *list) {
      const std::string name = ElementName(*shape.field, element);
      const auto [at, fresh] = set->children.try_emplace(name);
      if (!fresh) Fail("duplicate entries for key " + ElementText(name));
      path_.push_back(name);
      Visit(shape.Element(), element, &at->second);
      path_.pop_back();
      at->second.self = true;
    }
  }

  std::vector<std::string>* errors_;
  std::vector<std::string> path_;
};

}  // namespace

json::object FieldsToJson(const FieldSet& set) {
  json::object fields;
  if (set.self && !set.children.empty()) fields["."].emplace_object();
  for (const auto& [name, child] : set.children) fields[name] = FieldsToJson(child);
  return fields;
}

FieldSet FieldsFromJson(const json::object& fields) {
  FieldSet set;
  set.self = fields.empty() || fields.contains(".");
  for (const auto& [name, value] : fields) {
    if (name == ".") continue;
    const json::object* child = value.if_object();
    set.children[std::string(View(name))] =
        FieldsFromJson(child == nullptr ? json::object() : *child);
  }
  return set;
}

void AddAll(const FieldSet& other, FieldSet* set) {
  set->self = set->self || other.self;
  for (const auto& [name, child] : other.children) AddAll(child, &set->children[name]);
}

void Trim(FieldSet* set) {
  for (auto at = set->children.begin(); at != set->children.end();) {
    Trim(&at->second);
    at = at->second.empty() ? set->children.erase(at) : std::next(at);
  }
}

std::string PathText(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& name : path) {
    text +=
        name.starts_with(kFieldPrefix) ? "." + name.substr(kFieldPrefix.size()) : ElementText(name);
  }
  return text;
}

Form ValueShape::FormOf(const json::value& value) const {
  if (message != nullptr) return Form::kStruct;
  if (field == nullptr || (field->type == FieldType::kRaw && (element || !field->repeated))) {
    if (value.is_object()) return Form::kMap;
    return value.is_array() ? Form::kAtomic : Form::kScalar;
  }
  if (!element && field->repeated) {
    if (!field->merge_key.empty()) return Form::kKeyed;
    return field->merge_list ? Form::kSet : Form::kAtomic;
  }
  if (!element && field->map) return Form::kMap;
  return field->atomic && field->type == FieldType::kMessage ? Form::kAtomic : Form::kScalar;
}

ValueShape ValueShape::Member(std::string_view name) const {
  if (message == nullptr) return Element();
  const Field* found = message->Find(name);
  if (found == nullptr) return {};
  const bool plain = !found->repeated && !found->map && !found->atomic;
  if (plain && found->type == FieldType::kMessage) return {.message = found->message};
  return {.field = found};
}

ValueShape ValueShape::Element() const {
  if (field == nullptr) return {};
  if (field->type == FieldType::kMessage) return {.message = field->message};
  return {.field = field, .element = true};
}

FieldSet FieldsOf(const json::object& config, const Message* schema,
                  std::vector<std::string>* errors) {
  FieldSet set;
  FieldsWalk(errors).Visit({.message = schema}, config, &set);
  Trim(&set);
  return set;
}

json::value MergeByShape(const ValueShape& shape, const json::value& live,
                         const json::value& config) {
  const Form form = shape.FormOf(config);
  const bool members = form == Form::kStruct || form == Form::kMap;
  const bool elements = form == Form::kKeyed || form == Form::kSet;
  if (members && live.is_object() && config.is_object()) {
    json::object result = live.get_object();
    for (const auto& [key, value] : config.get_object()) {
      json::value& member = result[key];
      member = MergeByShape(shape.Member(Text(key)), member, value);
    }
    return result;
  }
  if (!elements || !live.is_array() || !config.is_array()) return config;
  json::array result = live.get_array();
  for (const json::value& element : config.get_array()) {
    const std::string name = ElementName(*shape.field, element);
    json::value list = json::value(std::move(result));
    json::value* found = FindChild(shape, name, &list);
    if (found != nullptr) *found = MergeByShape(shape.Element(), *found, element);
    const bool fresh = found == nullptr;
    result = std::move(list.get_array());
    if (fresh) result.push_back(element);
  }
  return result;
}

json::value* FindChild(const ValueShape& shape, std::string_view name, json::value* value) {
  if (value == nullptr) return nullptr;
  if (name.starts_with(kFieldPrefix)) {
    json::object* object = value->if_object();
    return object == nullptr ? nullptr : object->if_contains(View(name.substr(2)));
  }
  json::array* list = value->if_array();
  if (list == nullptr || shape.field == nullptr) return nullptr;
  const auto at = std::find_if(list->begin(), list->end(), [&](const json::value& element) {
    return ElementName(*shape.field, element) == name;
  });
  return at == list->end() ? nullptr : at;
}

ValueShape ChildShape(const ValueShape& shape, std::string_view name) {
  if (name.starts_with(kFieldPrefix)) return shape.Member(name.substr(kFieldPrefix.size()));
  return shape.Element();
}

void EraseChild(const ValueShape& shape, std::string_view name, json::value* value) {
  json::value* child = FindChild(shape, name, value);
  if (child == nullptr) return;
  if (json::object* object = value->if_object()) {
    object->erase(View(name.substr(kFieldPrefix.size())));
  } else {
    value->get_array().erase(child);
  }
}

}  // namespace fairlead::apiserver
