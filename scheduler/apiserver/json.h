// Objects are Boost.JSON values; this is how their fields are read and written. Paths name object
// members only. Reading never fails: what is absent or of another type reads as empty.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fairlead::apiserver {

namespace json = boost::json;
using Path = std::initializer_list<std::string_view>;

const json::value* Find(const json::object& object, Path path);
const json::object* FindObject(const json::object& object, Path path);
const json::array* FindArray(const json::object& object, Path path);
std::string_view GetString(const json::object& object, Path path);
std::int64_t GetInt(const json::object& object, Path path, std::int64_t fallback);
bool GetBool(const json::object& object, Path path, bool fallback);

// The member at the path; objects on the way are made, and replaced where they are none.
json::value& At(json::object* object, Path path);
json::object& ObjectAt(json::object* object, Path path);
json::array& ArrayAt(json::object* object, Path path);
void Erase(json::object* object, Path path);

// Parsed with the server's bounds on depth (128). On error `*why` says what is wrong and where.
bool ParseJson(std::string_view text, json::value* value, std::string* why);

// A map of strings such as labels, looked up without copying.
std::string_view MapGet(const json::object& map, std::string_view key);

inline json::string Str(std::string_view text) { return json::string(text.data(), text.size()); }

}  // namespace fairlead::apiserver
