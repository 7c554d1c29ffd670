// Brings objects into the form that Go's types give them: what is kept, dropped and filled in is
// what decoding and encoding again would do. Fields come out in the order of the types, maps in the
// order of their keys.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

// Works on objects whose types were checked.
class Pruner {
 public:
  explicit Pruner(Profile profile) : old_(profile == Profile::k120) {}

  // Moves what is kept from `from`.
  void Object(const Message& message, json::object* from, json::object* to) const {
    to->reserve(to->size() + message.fields.size() / 2);
    for (const Field& field : message.fields) {
      if (field.inlined) {
        Object(*field.message, from, to);
        continue;
      }
      if (field.current_only && old_) continue;
      json::value* value = from->if_contains(View(field.name));
      if (value != nullptr && value->is_null()) value = nullptr;
      Member(field, value, to);
    }
  }

 private:
  // `value` is null where the field is absent.
  void Member(const Field& field, json::value* value, json::object* to) const {
    if (field.repeated || field.map) {
      json::value kept = value == nullptr ? json::value() : Collection(field, value);
      if (!kept.is_null() || field.required) to->emplace(View(field.name), std::move(kept));
      return;
    }
    if (value == nullptr) {
      if (field.required)
        to->emplace(View(field.name), field.pointer ? json::value() : Zero(field));
      return;
    }
    Single(field, value);
    const bool kept = field.pointer || field.required || !IsZero(*value);
    if (kept) to->emplace(View(field.name), std::move(*value));
  }

  // Null if it is empty.
  json::value Collection(const Field& field, json::value* value) const {
    if (json::array* list = value->if_array()) {
      for (json::value& element : *list) Element(field, &element);
      return list->empty() ? json::value() : std::move(*value);
    }
    json::object* map = value->if_object();
    if (map == nullptr || map->empty()) return {};
    for (auto& entry : *map) Element(field, &entry.value());
    const auto by_key = [](const auto& a, const auto& b) { return a.key() < b.key(); };
    if (!std::is_sorted(map->begin(), map->end(), by_key)) Sort(map);
    return std::move(*value);
  }

  static void Sort(json::object* map) {
    std::vector<std::pair<json::string_view, json::value*>> entries;
    entries.reserve(map->size());
    for (auto& entry : *map) entries.emplace_back(entry.key(), &entry.value());
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    json::object sorted(entries.size());
    for (const auto& [key, value] : entries) sorted.emplace(key, std::move(*value));
    *map = std::move(sorted);
  }

  void Element(const Field& field, json::value* value) const {
    if (value->is_null()) {
      *value = Zero(field);
    } else {
      Single(field, value);
    }
  }

  void Single(const Field& field, json::value* value) const {
    switch (field.type) {
      case FieldType::kMessage: {
        json::object pruned;
        Object(*field.message, value->if_object(), &pruned);
        *value = std::move(pruned);
        return;
      }
      case FieldType::kQuantity: {
        std::string text;
        const json::string* given = value->if_string();
        FormatQuantity(given != nullptr ? std::string(Std(*given)) : NumberText(*value), field.map,
                       &text);
        Replace(text, value);
        return;
      }
      case FieldType::kTime:
      case FieldType::kMicroTime:
        Time(field.type == FieldType::kMicroTime, value);
        return;
      case FieldType::kBytes: {
        std::string bytes;
        DecodeBase64(Std(*value->if_string()), &bytes);
        Replace(EncodeBase64(bytes), value);
        return;
      }
      case FieldType::kInt:
        if (field.narrow && old_) Narrow(value);
        return;
      default:
        return;
    }
  }

  static void Replace(std::string_view text, json::value* value) {
    const json::string* old = value->if_string();
    if (old == nullptr || Std(*old) != text) *value = Str(text);
  }

  static void Time(bool micro, json::value* value) {
    GoTime time;
    ParseGoTime(Std(*value->if_string()), micro, &time);
    if (time.zero()) {
      *value = nullptr;
    } else {
      Replace(FormatGoTime(time, micro), value);
    }
  }

  static void Narrow(json::value* value) {
    const std::int64_t* number = value->if_int64();
    if (number == nullptr || (*number >= INT32_MIN && *number <= INT32_MAX)) return;
    const auto bits = static_cast<std::uint64_t>(*number);
    std::int32_t read = 0;
    ReadInt32(*number < 0, *number < 0 ? 0 - bits : bits, &read);
    *value = read;
  }

  json::value Zero(const Field& field) const {
    switch (field.type) {
      case FieldType::kMessage: {
        json::object none;
        json::object filled;
        Object(*field.message, &none, &filled);
        return filled;
      }
      case FieldType::kString:
        return "";
      case FieldType::kBool:
        return false;
      case FieldType::kInt:
      case FieldType::kDouble:
      case FieldType::kIntOrString:
        return 0;
      case FieldType::kQuantity:
        return "0";
      default:
        return nullptr;
    }
  }

  // Of a scalar that is neither a pointer nor required.
  static bool IsZero(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null:
        return true;
      case json::kind::string:
        return value.get_string().empty();
      case json::kind::bool_:
        return !value.get_bool();
      case json::kind::int64:
        return value.get_int64() == 0;
      case json::kind::uint64:
        return value.get_uint64() == 0;
      case json::kind::double_:
        return value.get_double() == 0;
      default:
        return false;
    }
  }

  bool old_;
};

}  // namespace

ApiError CannotHandle(const Message& message, std::string_view complaint) {
  const std::string_view type = GoType(message);
  const std::size_t dot = type.find('.');
  return BadRequest(fmt::format("{0} in version \"{1}\" cannot be handled as a {0}: {2}",
                                type.substr(dot + 1), type.substr(0, dot), complaint));
}

Answer<Done> Prune(const Message& message, Profile profile, json::object* object) {
  const Complaint complaint = CheckTypes(message, profile, *object);
  if (!complaint.empty()) return CannotHandle(message, complaint);
  json::object pruned;
  Pruner(profile).Object(message, object, &pruned);
  *object = std::move(pruned);
  return Done{};
}

}  // namespace fairlead::apiserver
