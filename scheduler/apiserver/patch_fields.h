// What server-side apply needs to know of values: which parts of an object have an owner of their
// own (FieldsV1), and how two objects are merged by their schema.
//
// I1  A FieldSet has no empty branches: each leaf is a member.
// I2  Lists of a schema are merged by key or as sets where it says so, all others are one value;
//     without a schema maps are merged and lists are one value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {

// A set of paths. The children's names are those of FieldsV1: "f:spec", "k:{"name":"a"}", "v:"x"".
struct FieldSet {
  bool self = false;  // the path that ends here is a member
  std::map<std::string, FieldSet> children;

  bool empty() const { return !self && children.empty(); }
  friend bool operator==(const FieldSet&, const FieldSet&) = default;
};

json::object FieldsToJson(const FieldSet& set);
FieldSet FieldsFromJson(const json::object& fields);
void AddAll(const FieldSet& other, FieldSet* set);
// Removes branches without members.
void Trim(FieldSet* set);
// ".spec.containers[name="a"].image" from the names of children on the way.
std::string PathText(const std::vector<std::string>& path);

// What the schema says of one value. Message and field both null: nothing.
struct ValueShape {
  const Message* message = nullptr;  // of an object
  const Field* field = nullptr;      // of anything else
  bool element = false;              // of a list or map that `field` describes

  enum class Form { kScalar, kStruct, kMap, kAtomic, kKeyed, kSet };
  Form FormOf(const json::value& value) const;
  ValueShape Member(std::string_view name) const;
  ValueShape Element() const;
};

// The paths that `config` sets; `errors` gets what does not fit the schema.
FieldSet FieldsOf(const json::object& config, const Message* schema,
                  std::vector<std::string>* errors);

// `config` merged into `live`; what config does not name stays.
json::value MergeByShape(const ValueShape& shape, const json::value& live,
                         const json::value& config);

// The part of `value` that a child's name stands for; null: absent.
json::value* FindChild(const ValueShape& shape, std::string_view name, json::value* value);
ValueShape ChildShape(const ValueShape& shape, std::string_view name);
void EraseChild(const ValueShape& shape, std::string_view name, json::value* value);

}  // namespace fairlead::apiserver
