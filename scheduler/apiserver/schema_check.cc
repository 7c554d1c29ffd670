// Whether a value can be decoded into the Go type of its field, and the words in which each server
// says that it cannot. 1.20 decodes with json-iterator, which names the path of Go types and shows
// the text around the place; current servers decode with a fork of encoding/json. The text that is
// shown is the object written compactly, as clients send it: white space of the client is lost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

// Where the old decoder stood when it gave up, relative to the value's text.
enum class Stand : std::uint8_t { kFirst, kStart, kEnd, kDigits, kEighth };

constexpr std::string_view kOverflow = "readUint32: overflow";

// Writes JSON and remembers where one value lies in the text.
class Locator {
 public:
  explicit Locator(const json::value* target) : target_(target) {}

  void Write(const json::value& value) {
    if (&value == target_) start_ = text_.size();
    if (const json::object* object = value.if_object()) {
      WriteObject(*object);
    } else if (const json::array* array = value.if_array()) {
      text_ += '[';
      for (const json::value& element : *array) {
        if (&element != array->data()) text_ += ',';
        Write(element);
      }
      text_ += ']';
    } else {
      text_ += value.is_number() ? NumberText(value) : json::serialize(value);
    }
    if (&value == target_) end_ = text_.size();
  }

  void WriteObject(const json::object& object) {
    text_ += '{';
    bool first = true;
    for (const auto& [key, value] : object) {
      if (!first) text_ += ',';
      first = false;
      text_ += json::serialize(json::value(key)) + ':';
      Write(value);
    }
    text_ += '}';
  }

  std::string Around(Stand stand) const {
    std::size_t head = stand == Stand::kEnd ? end_ : start_ + (stand == Stand::kFirst ? 1 : 0);
    if (stand == Stand::kDigits) {
      head = std::min(text_.find_first_not_of("-0123456789", start_), text_.size());
    }
    if (stand == Stand::kEighth) head = start_ + 8 + (text_[start_] == '-' ? 1 : 0);
    const auto cut = [&](std::size_t reach) {
      const std::size_t from = head < reach ? 0 : head - reach;
      return text_.substr(from, std::min(head + reach, text_.size()) - from);
    };
    return fmt::format("error found in #{} byte of ...|{}|..., bigger context ...|{}|...",
                       std::min<std::size_t>(head, 10), cut(10), cut(50));
  }

 private:
  const json::value* target_;
  std::string text_;
  std::size_t start_ = 0, end_ = 0;
};

std::string_view KindOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "bool";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return "number";
  }
}

std::string FirstOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return "\"";
    case json::kind::array:
      return "[";
    case json::kind::object:
      return "{";
    case json::kind::bool_:
      return value.get_bool() ? "t" : "f";
    case json::kind::null:
      return "n";
    default:
      return NumberText(value).substr(0, 1);
  }
}

class Checker {
 public:
  explicit Checker(Profile profile) : old_(profile == Profile::k120) {}

  Complaint Check(const Message& message, const json::object& object) {
    if (Object(message, object)) return {};
    if (!old_) return std::move(text_);
    Locator locator(at_);
    locator.WriteObject(object);
    return text_ + ", " + locator.Around(stand_);
  }

 private:
  bool Object(const Message& message, const json::object& object) {
    for (const auto& [key, value] : object) {
      const Field* field = message.Find(Std(key));
      if (field == nullptr || value.is_null() || (field->current_only && old_)) continue;
      owner_ = &message;
      path_.push_back(field->name);
      if (!Value(*field, value)) {
        if (old_) text_.insert(0, PathOf(message, *field));
        return false;
      }
      path_.pop_back();
    }
    return true;
  }

  // "v1.Probe.Handler: HTTPGet: "
  static std::string PathOf(const Message& message, const Field& field) {
    std::string path = std::string(GoType(message)) + ".";
    const Message* at = &message;
    for (std::size_t i = 0; i < at->fields.size();) {
      const Field& wrapper = at->fields[i++];
      if (!wrapper.inlined || wrapper.message->Find(field.name) != &field) continue;
      path += GoName(wrapper) + ": ";
      at = wrapper.message;
      i = 0;
    }
    return path + GoName(field) + ": ";
  }

  bool Value(const Field& field, const json::value& value) {
    if (field.repeated) return List(field, value);
    if (field.map) return Map(field, value);
    return Single(field, value);
  }

  bool List(const Field& field, const json::value& value) {
    const std::string type = "[]" + std::string(GoElement(field));
    const json::array* list = value.if_array();
    if (list == nullptr) {
      return Mismatch(value, type, type + ": decode slice: expect [ or n, but found ");
    }
    for (const json::value& element : *list) {
      if (element.is_null() || Single(field, element)) continue;
      if (old_) text_.insert(0, type + ": ");
      return false;
    }
    return true;
  }

  bool Map(const Field& field, const json::value& value) {
    const json::object* map = value.if_object();
    if (map == nullptr) {
      const std::string type = field.go_type.empty() ? "map[string]" + std::string(GoElement(field))
                                                     : std::string(field.go_type);
      return Mismatch(value, type, "ReadMapCB: expect { or n, but found ");
    }
    return std::all_of(map->begin(), map->end(), [&](const auto& entry) {
      return entry.value().is_null() || Single(field, entry.value());
    });
  }

  bool Single(const Field& field, const json::value& value) {
    const std::string_view type = GoElement(field);
    switch (field.type) {
      case FieldType::kString:
        return value.is_string() ||
               Mismatch(value, type, "ReadString: expects \" or n, but found ");
      case FieldType::kBool:
        return value.is_bool() || Mismatch(value, type, "ReadBool: expect t or f, but found ");
      case FieldType::kDouble:
        return value.is_number() || Mismatch(value, type, "readFloat64: unexpected character: ");
      case FieldType::kInt:
        return Int(field, value);
      case FieldType::kMessage:
        if (!value.is_object()) {
          return Mismatch(value, type, "readObjectStart: expect { or n, but found ");
        }
        return Object(*field.message, value.get_object());
      case FieldType::kBytes:
        return Bytes(value);
      case FieldType::kQuantity:
        return Quantity(field, value);
      case FieldType::kTime:
      case FieldType::kMicroTime:
        return Time(field, value);
      case FieldType::kIntOrString:
        return IntOrString(value);
      case FieldType::kRaw:
        break;
    }
    return true;
  }

  bool Int(const Field& field, const json::value& value) {
    const std::string_view type = GoElement(field);
    if (!value.is_number()) {
      if (!old_) return Mismatch(value, type, "");
      const std::string_view reader = field.narrow ? "readUint32" : "readUint64";
      // The decoder shows the byte 255 for "not a digit", which is no UTF-8.
      return Old(value, Stand::kFirst, fmt::format("{}: unexpected character: \uFFFD", reader));
    }
    const double* real = value.if_double();
    if (real != nullptr) {
      if (!old_) return Number(value, type);
      return Old(value, Stand::kDigits, "assertInteger: can not decode float as int");
    }
    const std::int64_t* number = value.if_int64();
    if (!old_) {
      if (number != nullptr && (!field.narrow || (*number >= INT32_MIN && *number <= INT32_MAX))) {
        return true;
      }
      return Number(value, type);
    }
    if (!field.narrow) {
      return number != nullptr ||
             Old(value, Stand::kEnd, "ReadInt64: overflow: " + NumberText(value));
    }
    const bool negative = number != nullptr && *number < 0;
    const std::uint64_t bits =
        number != nullptr ? static_cast<std::uint64_t>(*number) : value.get_uint64();
    std::int32_t read = 0;
    const Complaint complaint = ReadInt32(negative, negative ? 0 - bits : bits, &read);
    const Stand stand = complaint == kOverflow ? Stand::kEighth : Stand::kEnd;
    return complaint.empty() || Old(value, stand, complaint);
  }

  bool Bytes(const json::value& value) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
      if (!old_) return Mismatch(value, "[]uint8", "");
      return Old(value, Stand::kStart, "base64Codec: invalid input");
    }
    std::string bytes;
    const Complaint complaint = DecodeBase64(Std(*text), &bytes);
    return complaint.empty() || Custom(value, "decode base64: ", complaint);
  }

  bool Quantity(const Field& field, const json::value& value) {
    const json::string* text = value.if_string();
    std::string canonical;
    const Complaint complaint = FormatQuantity(text != nullptr     ? std::string(Std(*text))
                                               : value.is_number() ? NumberText(value)
                                                                   : FirstOf(value),
                                               field.map, &canonical);
    return complaint.empty() || Custom(value, "unmarshalerDecoder: ", complaint);
  }

  bool Time(const Field& field, const json::value& value) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
      return Custom(
          value, "unmarshalerDecoder: ",
          fmt::format("json: cannot unmarshal {} into Go value of type string", KindOf(value)));
    }
    GoTime time;
    const Complaint complaint = ParseGoTime(Std(*text), field.type == FieldType::kMicroTime, &time);
    return complaint.empty() || Custom(value, "unmarshalerDecoder: ", complaint);
  }

  bool IntOrString(const json::value& value) {
    const std::int64_t* number = value.if_int64();
    if (value.is_string() || (number != nullptr && *number >= INT32_MIN && *number <= INT32_MAX)) {
      return true;
    }
    const std::string found =
        value.is_number() ? "number " + NumberText(value) : std::string(KindOf(value));
    return Custom(value, "unmarshalerDecoder: ",
                  fmt::format("json: cannot unmarshal {} into Go value of type int32", found));
  }

  bool Old(const json::value& value, Stand stand, std::string text) {
    at_ = &value;
    stand_ = stand;
    text_ = std::move(text);
    return false;
  }
  // A type that decodes itself: current servers give its error alone.
  bool Custom(const json::value& value, std::string_view decoder, const Complaint& complaint) {
    return Old(value, Stand::kEnd, (old_ ? std::string(decoder) : "") + complaint);
  }
  bool Mismatch(const json::value& value, std::string_view type, std::string_view old) {
    if (old_) return Old(value, Stand::kFirst, std::string(old) + FirstOf(value));
    return Current(KindOf(value), type);
  }
  bool Number(const json::value& value, std::string_view type) {
    return Current("number " + NumberText(value), type);
  }
  bool Current(std::string_view found, std::string_view type) {
    const std::string_view owner = GoType(*owner_);
    text_ = fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", found,
                        owner.substr(owner.find('.') + 1), fmt::join(path_, "."), type);
    return false;
  }

  bool old_;
  const Message* owner_ = nullptr;
  std::vector<std::string_view> path_;
  // Of the first complaint.
  std::string text_;
  const json::value* at_ = nullptr;
  Stand stand_ = Stand::kFirst;
};

}  // namespace

Complaint ReadInt32(bool negative, std::uint64_t magnitude, std::int32_t* value) {
  // Its check for overflow misses some numbers, which then wrap.
  constexpr std::uint32_t kSafe = std::numeric_limits<std::uint32_t>::max() / 10 - 1;
  std::uint32_t read = 0;
  for (const char c : std::to_string(magnitude)) {
    const std::uint32_t next = read * 10 + static_cast<std::uint32_t>(c - '0');
    if (read > kSafe && next < read) return Complaint(kOverflow);
    read = next;
  }
  const std::uint32_t most = 0x7fffffffU + (negative ? 1U : 0U);
  if (read > most) return "ReadInt32: overflow: " + std::to_string(read);
  *value = static_cast<std::int32_t>(negative ? 0U - read : read);
  return {};
}

std::string NumberText(const json::value& number) {
  const double* real = number.if_double();
  if (real == nullptr) return json::serialize(number);
  constexpr double kExact = 1e15;
  if (std::trunc(*real) == *real && std::abs(*real) < kExact) return fmt::format("{:.1f}", *real);
  return fmt::format("{}", *real);
}

Complaint CheckTypes(const Message& message, Profile profile, const json::object& object) {
  return Checker(profile).Check(message, object);
}

}  // namespace fairlead::apiserver
