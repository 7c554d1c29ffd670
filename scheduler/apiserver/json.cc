#include "scheduler/apiserver/json.h"

// The library's code is compiled here, once.
#include <boost/json/src.hpp>

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxDepth = 128;

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

const json::value* Find(const json::object& object, Path path) {
  const json::object* at = &object;
  const json::value* found = nullptr;
  for (const std::string_view name : path) {
    if (at == nullptr) return nullptr;
    found = at->if_contains(View(name));
    if (found == nullptr) return nullptr;
    at = found->if_object();
  }
  return found;
}

const json::object* FindObject(const json::object& object, Path path) {
  const json::value* found = Find(object, path);
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* FindArray(const json::object& object, Path path) {
  const json::value* found = Find(object, path);
  return found == nullptr ? nullptr : found->if_array();
}

std::string_view GetString(const json::object& object, Path path) {
  const json::value* found = Find(object, path);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::int64_t GetInt(const json::object& object, Path path, std::int64_t fallback) {
  const json::value* found = Find(object, path);
  if (found == nullptr) return fallback;
  boost::system::error_code error;
  const auto number = found->to_number<std::int64_t>(error);
  return error ? fallback : number;
}

bool GetBool(const json::object& object, Path path, bool fallback) {
  const json::value* found = Find(object, path);
  const bool* value = found == nullptr ? nullptr : found->if_bool();
  return value == nullptr ? fallback : *value;
}

json::value& At(json::object* object, Path path) {
  json::value* at = nullptr;
  for (const std::string_view name : path) {
    if (at != nullptr) {
      object = at->if_object();
      if (object == nullptr) object = &at->emplace_object();
    }
    at = &(*object)[View(name)];
  }
  return *at;
}

json::object& ObjectAt(json::object* object, Path path) {
  json::value& at = At(object, path);
  return at.is_object() ? at.get_object() : at.emplace_object();
}

json::array& ArrayAt(json::object* object, Path path) {
  json::value& at = At(object, path);
  return at.is_array() ? at.get_array() : at.emplace_array();
}

void Erase(json::object* object, Path path) {
  const std::string_view* name = path.begin();
  for (; name + 1 < path.end(); ++name) {
    json::value* next = object->if_contains(View(*name));
    object = next == nullptr ? nullptr : next->if_object();
    if (object == nullptr) return;
  }
  if (name < path.end()) object->erase(View(*name));
}

bool ParseJson(std::string_view text, json::value* value, std::string* why) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::parser parser({}, options);
  json::error_code error;
  const std::size_t read = parser.write(text.data(), text.size(), error);
  if (error) {
    *why = error.message() + " at byte " + std::to_string(read);
    return false;
  }
  *value = parser.release();
  return true;
}

std::string_view MapGet(const json::object& map, std::string_view key) {
  const json::value* found = map.if_contains(View(key));
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

}  // namespace fairlead::apiserver
