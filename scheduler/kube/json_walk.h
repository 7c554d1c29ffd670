// Walking JSON with simdjson on demand: what the json_*.cc files share. Only they include simdjson.
//
// A walk visits each member once, in the order of the text; what is not asked for is skipped
// unread. null counts as absent. On an error the path of the member is kept, so that the message
// can say where it was.
#pragma once

#include <fmt/format.h>
#include <simdjson.h>

#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

using simdjson::error_code;
using JsonValue = simdjson::ondemand::value;

// Where an error was, built from the inside out.
class JsonPath {
 public:
  error_code Fail(std::string_view key, error_code code) {
    text_ = text_.empty() ? std::string(key) : fmt::format("{}.{}", key, text_);
    return code;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// visit(key, value) -> error_code for each member that is not null.
template <typename Visit>
error_code EachMember(JsonPath* path, JsonValue value, Visit visit) {
  simdjson::ondemand::object object;
  if (const error_code e = value.get_object().get(object)) return e;
  for (auto entry : object) {
    simdjson::ondemand::field field;
    if (const error_code e = std::move(entry).get(field)) return e;
    std::string_view key;
    if (const error_code e = field.unescaped_key().get(key)) return e;
    JsonValue member = field.value();
    bool null = false;
    if (const error_code e = member.is_null().get(null)) return path->Fail(key, e);
    if (null) continue;
    if (const error_code e = visit(key, member)) return path->Fail(key, e);
  }
  return simdjson::SUCCESS;
}

// visit(index, value) -> error_code for each element.
template <typename Visit>
error_code EachElement(JsonPath* path, JsonValue value, Visit visit) {
  simdjson::ondemand::array array;
  if (const error_code e = value.get_array().get(array)) return e;
  std::int32_t index = 0;
  for (auto entry : array) {
    JsonValue element;
    if (const error_code e = entry.get(element)) return e;
    if (const error_code e = visit(index, element)) return path->Fail(std::to_string(index), e);
    ++index;
  }
  return simdjson::SUCCESS;
}

inline error_code ReadString(JsonValue value, std::string_view* out) {
  return value.get_string().get(*out);
}

// A string, or a number as it is written: what a quantity may be in a file written by hand.
error_code ReadText(JsonValue value, std::string_view* out);
error_code ReadInt32(JsonValue value, std::int32_t* out);

error_code ReadStringMap(JsonPath* path, JsonValue value, RawList<RawPair>* out);
error_code ReadQuantityMap(JsonPath* path, JsonValue value, RawList<RawPair>* out);
error_code ReadJsonMeta(JsonPath* path, JsonValue value, RawMeta* out);
error_code ReadJsonAffinity(JsonPath* path, JsonValue value, RawPod* out);
// A node selector, into the terms that the node affinity requires.
error_code ReadJsonNodeSelector(JsonPath* path, JsonValue value, RawPod* out);
// An array of topology spread constraints.
error_code ReadJsonSpread(JsonPath* path, JsonValue value, RawPod* out);
// Whether an array has elements.
error_code ReadNonEmpty(JsonPath* path, JsonValue value, bool* out);

// One JSON text: owns a copy with the padding that simdjson wants, so views that a walk hands out
// live as long as this.
class JsonText {
 public:
  explicit JsonText(std::string_view text) : text_(text) {}

  // Walks the members of the one object that the text is. `what` begins the message of an error.
  template <typename Visit>
  Status Walk(std::string_view what, JsonPath* path, Visit visit) {
    if (const error_code e = TryWalk(path, visit)) {
      return DecodeError(fmt::format("malformed JSON {}: {}{}{}", what, path->text(),
                                     path->text().empty() ? "" : ": ", simdjson::error_message(e)));
    }
    return Ok{};
  }

  const char* data() const { return text_.data(); }

 private:
  template <typename Visit>
  error_code TryWalk(JsonPath* path, Visit visit) {
    if (const error_code e = parser_.iterate(text_).get(document_)) return e;
    JsonValue root;
    if (const error_code e = document_.get_value().get(root)) return e;
    if (const error_code e = EachMember(path, root, visit)) return e;
    const bool at_end = document_.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }

  simdjson::padded_string text_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

}  // namespace fairlead::kube
