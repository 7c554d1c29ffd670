// Strategic merge patch. Lists are merged by the key that the schema names, or as sets of scalars;
// the order of the result follows the patch where it says something, else the object.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "scheduler/apiserver/patch.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";

using Failure = std::optional<ApiError>;

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }
std::string_view Text(json::string_view text) { return {text.data(), text.size()}; }

// What no status describes reaches the client as a bare 500.
ApiError Bare(std::string message) {
  ApiError error;
  error.message = std::move(message);
  return error;
}

// A value as Go prints it with %v: maps by sorted key.
std::string GoText(const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(Text(*text));
  if (value.is_null()) return "<nil>";
  std::string text;
  if (const json::array* array = value.if_array()) {
    for (const json::value& entry : *array) text += (text.empty() ? "" : " ") + GoText(entry);
    return "[" + text + "]";
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return json::serialize(value);
  std::vector<std::string> members;
  for (const auto& [key, member] : *object) {
    members.push_back(std::string(Text(key)) + ":" + GoText(member));
  }
  std::sort(members.begin(), members.end());
  return fmt::format("map[{}]", fmt::join(members, " "));
}

ApiError CannotRestore(const json::object& patch, std::string_view what) {
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  Cause cause;
  cause.reason = "FieldValueInvalid";
  cause.field = "patch";
  cause.message = fmt::format("Invalid value: \"{}\": {}", GoText(patch), what);
  error.message = fmt::format(" \"\" is invalid: patch: {}", cause.message);
  error.causes.push_back(std::move(cause));
  return error;
}

ApiError NoMergeKey(const json::object& entry, std::string_view key) {
  return Bare(fmt::format("map: {} does not contain declared merge key: {}", GoText(entry), key));
}

ApiError BadPatchType(const json::value& directive, const json::object& patch) {
  const std::string shown = directive.is_string()  ? GoText(directive)
                            : directive.is_int64() ? fmt::format("%!s(int64={})", GoText(directive))
                                                   : fmt::format("%!s({})", GoText(directive));
  return Bare(fmt::format("unknown patch type: {} in map: {}", shown, GoText(patch)));
}

// What identifies an element of a merged list: the value of its key, or itself if it is a scalar.
const json::value* IdentityOf(const json::value& element, std::string_view key) {
  const json::object* object = element.if_object();
  if (object == nullptr) return key.empty() ? &element : nullptr;
  return key.empty() ? nullptr : object->if_contains(View(key));
}

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t PositionOf(const json::array& list, const json::value& identity, std::string_view key) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::value* other = IdentityOf(list[i], key);
    if (other != nullptr && *other == identity) return i;
  }
  return kNone;
}

std::size_t Rank(const json::array& order, const json::value& element, std::string_view key) {
  const json::value* identity = IdentityOf(element, key);
  return identity == nullptr ? kNone : PositionOf(order, *identity, key);
}

// `merged` with what `wanted` names in that order, and the rest where it was in `before`: an
// element of the rest comes first only if it stood before.
json::array InOrder(const json::array& merged, const json::array& wanted, const json::array& before,
                    std::string_view key) {
  std::vector<const json::value*> named;
  std::vector<const json::value*> rest;
  for (const json::value& element : merged) {
    (Rank(wanted, element, key) == kNone ? rest : named).push_back(&element);
  }
  std::stable_sort(named.begin(), named.end(), [&](const json::value* a, const json::value* b) {
    return Rank(wanted, *a, key) < Rank(wanted, *b, key);
  });
  json::array result;
  auto next = named.begin();
  for (const json::value* element : rest) {
    const std::size_t place = Rank(before, *element, key);
    while (next != named.end()) {
      const std::size_t other = Rank(before, **next, key);
      if (place != kNone && other != kNone && place < other) break;
      result.push_back(**next++);
    }
    result.push_back(*element);
  }
  for (; next != named.end(); ++next) result.push_back(**next);
  return result;
}

// A named part of a schema; both null where the schema says nothing (values of a map).
struct Shape {
  const Message* message = nullptr;
  const Field* field = nullptr;
};

class Merger {
 public:
  explicit Merger(const json::object& whole_patch) : whole_patch_(whole_patch) {}

  Failure MergeObject(const Message* message, json::object patch, json::object* object) {
    if (const json::value* directive = patch.if_contains(View(kDirective))) {
      return Direct(*directive, patch, object);
    }
    if (Failure failure = RetainKeys(&patch, object)) return failure;
    if (Failure failure = SetOrders(message, &patch, object)) return failure;
    for (const auto& [key, value] : patch) {
      if (Failure failure = MergeMember(message, Text(key), value, object)) return failure;
    }
    return std::nullopt;
  }

 private:
  static Failure Direct(const json::value& directive, const json::object& patch,
                        json::object* object) {
    const std::string kind = directive.is_string() ? GoText(directive) : "";
    if (kind != "replace" && kind != "delete") return BadPatchType(directive, patch);
    object->clear();
    if (kind == "replace") {
      *object = patch;
      object->erase(View(kDirective));
    }
    return std::nullopt;
  }

  static Failure RetainKeys(json::object* patch, json::object* object) {
    const json::value* found = patch->if_contains(View(kRetainKeys));
    if (found == nullptr) return std::nullopt;
    const json::value directive = *found;
    patch->erase(View(kRetainKeys));
    const json::array* keys = directive.if_array();
    const ApiError bad = BadRequest("invalid patch format of retainKeys");
    if (keys == nullptr) return bad;
    const auto kept = [keys](std::string_view name) {
      return PositionOf(*keys, json::value(View(name)), {}) != kNone;
    };
    for (const auto& [key, value] : *patch) {
      const std::string_view name = Text(key);
      const bool other = name.starts_with(kDeletePrefix) || name.starts_with(kOrderPrefix);
      if (!value.is_null() && !other && !kept(name)) return bad;
    }
    std::vector<std::string> gone;
    for (const auto& [key, value] : *object) {
      if (!kept(Text(key))) gone.emplace_back(Text(key));
    }
    for (const std::string& name : gone) object->erase(name);
    return std::nullopt;
  }

  // Lists that come with an order are merged here and leave the patch.
  Failure SetOrders(const Message* message, json::object* patch, json::object* object) {
    std::vector<std::string> directives;
    for (const auto& [key, value] : *patch) {
      if (Text(key).starts_with(kOrderPrefix)) directives.emplace_back(Text(key));
    }
    for (const std::string& directive : directives) {
      const json::value order = (*patch)[directive];
      patch->erase(directive);
      const std::string name = directive.substr(kOrderPrefix.size());
      if (Failure failure = SetOrder(message, name, order, patch, object)) return failure;
      patch->erase(name);
    }
    return std::nullopt;
  }

  Failure SetOrder(const Message* message, const std::string& name, const json::value& order,
                   json::object* patch, json::object* object) {
    const json::array* wanted = order.if_array();
    if (wanted == nullptr) return NotAList(order);
    const Field* field = message == nullptr ? nullptr : message->Find(name);
    if (message != nullptr && field == nullptr) return NoField(*message, name);
    const std::string_view key = field == nullptr ? std::string_view() : field->merge_key;
    json::value* old = object->if_contains(name);
    const json::value* change = patch->if_contains(name);
    json::array before = old != nullptr && old->is_array() ? old->get_array() : json::array();
    json::array merged = before;
    if (change != nullptr) {
      const json::array* changed = change->if_array();
      if (changed == nullptr) return NotAList(*change);
      if (Failure failure = CheckOrder(*changed, *wanted, key)) return failure;
      const bool merges = field != nullptr && (!key.empty() || field->merge_list);
      if (old == nullptr || !merges) {
        merged = *changed;
      } else if (Failure failure = MergeList({message, field}, *changed, &merged)) {
        return failure;
      }
    } else if (old == nullptr) {
      return std::nullopt;
    }
    if (!key.empty()) {
      if (Failure failure = CheckKeys(merged, key)) return failure;
    }
    if (before.empty() && merged.empty()) return Bare("no elements in any of the given slices");
    (*object)[name] = InOrder(merged, *wanted, before, key);
    return std::nullopt;
  }

  ApiError NotAList(const json::value& value) const {
    if (value.is_null()) return Bare("expected a []interface {}, but received a %!s(<nil>)");
    return CannotRestore(whole_patch_, value.is_object() ? "cannot restore slice from map"
                                                         : "cannot restore slice from string");
  }

  // The elements of the patch must appear in the order that the patch asks for. Those to be deleted
  // do not count; other directives do where nothing of the order is left.
  static Failure CheckOrder(const json::array& list, const json::array& wanted,
                            std::string_view key) {
    if (wanted.empty()) return std::nullopt;
    std::size_t at = 0;
    for (const json::value& element : list) {
      const json::object* object = element.if_object();
      const json::value* directive =
          object == nullptr ? nullptr : object->if_contains(View(kDirective));
      if (directive != nullptr && (*directive == "delete" || at < wanted.size())) continue;
      bool found = false;
      while (!found && at < wanted.size()) {
        const json::value* identity = IdentityOf(element, key);
        if (identity == nullptr && object != nullptr) return NoMergeKey(*object, key);
        const json::value* other = IdentityOf(wanted[at++], key);
        found = other != nullptr && identity != nullptr && *other == *identity;
      }
      if (found) continue;
      return Bare(
          fmt::format("The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                      GoText(list), GoText(wanted)));
    }
    return std::nullopt;
  }

  static Failure CheckKeys(const json::array& list, std::string_view key) {
    for (const json::value& element : list) {
      const json::object* object = element.if_object();
      if (object != nullptr && !object->contains(View(key))) return NoMergeKey(*object, key);
    }
    return std::nullopt;
  }

  static ApiError NoField(const Message& message, std::string_view name) {
    const std::size_t dot = message.name.rfind('.');
    return Bare(fmt::format(
        "unable to find api field in struct {} for the json field \"{}\"",
        dot == std::string_view::npos ? message.name : message.name.substr(dot + 1), name));
  }

  Failure MergeMember(const Message* message, std::string_view key, const json::value& value,
                      json::object* object) {
    const bool deletes = key.starts_with(kDeletePrefix);
    const std::string_view name = deletes ? key.substr(kDeletePrefix.size()) : key;
    if (value.is_null()) {
      object->erase(View(name));
      return std::nullopt;
    }
    const Field* field = message == nullptr ? nullptr : message->Find(name);
    if (Failure failure = CheckType(field, value)) return failure;
    json::value* old = object->if_contains(View(name));
    if (old == nullptr || old->kind() != value.kind()) {
      (*object)[View(name)] = value;
      return std::nullopt;
    }
    if (const json::object* inner = value.if_object()) {
      if (field != nullptr && field->atomic) {
        *old = value;
        return std::nullopt;
      }
      const Message* next = field == nullptr || field->map ? nullptr : field->message;
      return MergeObject(next, *inner, &old->get_object());
    }
    const json::array* list = value.if_array();
    if (list == nullptr) {
      *old = value;
      return std::nullopt;
    }
    if (deletes) return DeleteScalars(*list, &old->get_array());
    const bool merges = field != nullptr && (!field->merge_key.empty() || field->merge_list);
    if (!merges) {
      *old = value;
      return std::nullopt;
    }
    return MergeList({message, field}, *list, &old->get_array());
  }

  // Only where the real server sees it while it merges; other types are judged with the object.
  Failure CheckType(const Field* field, const json::value& value) const {
    if (field == nullptr) return std::nullopt;
    const bool is_object = field->map || (field->type == FieldType::kMessage && !field->repeated);
    const std::string_view what = value.is_string()   ? "string"
                                  : value.is_object() ? "map"
                                  : value.is_array()  ? "slice"
                                  : value.is_bool()   ? "bool"
                                                      : "int64";
    if (field->repeated && !value.is_array()) {
      return CannotRestore(whole_patch_, fmt::format("cannot restore slice from {}", what));
    }
    if (is_object && !value.is_object()) {
      return CannotRestore(whole_patch_, field->map
                                             ? fmt::format("cannot restore map from {}", what)
                                             : fmt::format("cannot restore struct from: {}", what));
    }
    return std::nullopt;
  }

  static Failure DeleteScalars(const json::array& gone, json::array* list) {
    json::array kept;
    for (const json::value& element : *list) {
      if (PositionOf(gone, element, {}) == kNone) kept.push_back(element);
    }
    *list = std::move(kept);
    return std::nullopt;
  }

  Failure MergeList(const Shape& shape, const json::array& patch, json::array* list) {
    const std::string_view key = shape.field->merge_key;
    if (key.empty()) return MergeScalars(patch, list);
    for (const json::value& element : patch) {
      if (element.is_object()) continue;
      return CannotRestore(whole_patch_, "cannot restore struct from: string");
    }
    json::array changes;
    if (Failure failure = DirectElements(patch, key, list, &changes)) return failure;
    const json::array before = *list;
    for (const json::value& element : changes) {
      const json::object& change = element.get_object();
      const json::value* identity = change.if_contains(View(key));
      if (identity == nullptr) return NoMergeKey(change, key);
      const std::size_t at = PositionOf(*list, *identity, key);
      if (at == kNone) {
        list->push_back(element);
        continue;
      }
      Failure failure = MergeObject(shape.field->message, change, &(*list)[at].get_object());
      if (failure) return failure;
    }
    if (Failure failure = CheckKeys(*list, key)) return failure;
    *list = InOrder(*list, changes, before, key);
    return std::nullopt;
  }

  static Failure MergeScalars(const json::array& patch, json::array* list) {
    const json::array before = *list;
    json::array merged;
    for (const json::array* part : {&before, &patch}) {
      for (const json::value& element : *part) {
        if (PositionOf(merged, element, {}) == kNone) merged.push_back(element);
      }
    }
    *list = InOrder(merged, patch, before, {});
    return std::nullopt;
  }

  // Carries out the elements that are directives; `changes` gets the others.
  static Failure DirectElements(const json::array& patch, std::string_view key, json::array* list,
                                json::array* changes) {
    bool replace = false;
    for (const json::value& element : patch) {
      const json::object& change = element.get_object();
      const json::value* directive = change.if_contains(View(kDirective));
      if (directive == nullptr) {
        changes->push_back(element);
        continue;
      }
      const std::string kind = directive->is_string() ? GoText(*directive) : "";
      if (kind == "replace") {
        replace = true;
      } else if (kind == "merge") {
        return Bare("merging lists cannot yet be specified in the patch");
      } else if (kind != "delete") {
        return BadPatchType(*directive, change);
      } else if (const json::value* identity = change.if_contains(View(key))) {
        for (std::size_t at = 0; (at = PositionOf(*list, *identity, key)) != kNone;) {
          list->erase(list->begin() + static_cast<std::ptrdiff_t>(at));
        }
      } else {
        return NoMergeKey(change, key);
      }
    }
    if (!replace) return std::nullopt;
    *list = std::move(*changes);
    changes->clear();
    return std::nullopt;
  }

  const json::object& whole_patch_;
};

}  // namespace

Answer<json::object> StrategicMergePatch(const Message& message, const json::object& object,
                                         const json::object& patch) {
  json::object result = object;
  if (Failure failure = Merger(patch).MergeObject(&message, patch, &result)) return *failure;
  return result;
}

}  // namespace fairlead::apiserver
