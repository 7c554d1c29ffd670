// Decoding. What was zero on the wire and would not be written as JSON is left out; the rest of the
// stored form (required fields, order, canonical texts) is the work of Prune().
#include <fmt/format.h>

#include <array>
#include <protozero/pbf_reader.hpp>

#include "scheduler/apiserver/codec.h"
#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);
// The years 0 to 9999: what the text form can say.
constexpr std::int64_t kFirstSecond = -62'167'219'200;
constexpr std::int64_t kLastSecond = 253'402'300'799;

std::string_view View(protozero::data_view view) { return {view.data(), view.size()}; }

// The size of the UTF-8 sequence at `i`; 0: none. Overlong forms, surrogates and what is above
// U+10FFFF are none.
std::size_t SequenceAt(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(i);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size > text.size() - i) return 0;
  unsigned code = lead & (0xffU >> (size + 1));
  for (std::size_t j = 1; j < size; ++j) {
    if ((byte(i + j) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i + j) & 0x3fU);
  }
  if (size == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
  return size == 4 && (code < 0x10000 || code > 0x10ffff) ? 0 : size;
}

// As JSON shows it: each byte that is no UTF-8 becomes U+FFFD.
json::string Text(std::string_view bytes) {
  json::string text;
  text.reserve(bytes.size());
  std::size_t from = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t size = SequenceAt(bytes, i);
    if (size == 0) {
      text.append(apiserver::View(bytes.substr(from, i - from))).append("\xEF\xBF\xBD");
      from = i + 1;
    }
    i += size == 0 ? 1 : size;
  }
  return text.append(apiserver::View(bytes.substr(from)));
}

// Thrown inside of this file only, as protozero's own errors are.
struct Misfit {
  std::string what;
};

class Decoder {
 public:
  void Fields(const Message& message, std::string_view bytes, json::object* to) const {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      const Field* field = message.Find(static_cast<int>(reader.tag()));
      if (field == nullptr) {
        reader.skip();
      } else if (reader.wire_type() != WireType(field->map ? FieldType::kMessage : field->type)) {
        PackedOrMisfit(*field, &reader, to);
      } else {
        Member(*field, &reader, to);
      }
    }
  }

 private:
  static protozero::pbf_wire_type WireType(FieldType type) {
    switch (type) {
      case FieldType::kBool:
      case FieldType::kInt:
        return protozero::pbf_wire_type::varint;
      case FieldType::kDouble:
        return protozero::pbf_wire_type::fixed64;
      default:
        return protozero::pbf_wire_type::length_delimited;
    }
  }

  static json::array& List(const Field& field, json::object* to) {
    json::value& at = (*to)[apiserver::View(field.name)];
    return at.is_array() ? at.get_array() : at.emplace_array();
  }
  static json::object& Inner(const Field& field, json::object* to) {
    json::value& at = (*to)[apiserver::View(field.name)];
    return at.is_object() ? at.get_object() : at.emplace_object();
  }

  static void PackedOrMisfit(const Field& field, protozero::pbf_reader* reader, json::object* to) {
    const bool packed = field.repeated && field.type == FieldType::kInt &&
                        reader->wire_type() == protozero::pbf_wire_type::length_delimited;
    if (!packed) {
      throw Misfit{
          "wrong wireType = " + std::to_string(static_cast<unsigned>(reader->wire_type())) +
          " for field " + GoName(field)};
    }
    for (const std::int64_t number : reader->get_packed_int64()) {
      List(field, to).emplace_back(number);
    }
  }

  void Member(const Field& field, protozero::pbf_reader* reader, json::object* to) const {
    const json::string_view name = apiserver::View(field.name);
    if (field.inlined) {
      Fields(*field.message, View(reader->get_view()), to);
    } else if (field.map) {
      Entry(field, View(reader->get_view()), &Inner(field, to));
    } else if (field.repeated) {
      List(field, to).push_back(Single(field, reader));
    } else if (field.type == FieldType::kMessage) {
      Fields(*field.message, View(reader->get_view()), &Inner(field, to));
    } else {
      json::value value = Single(field, reader);
      const bool zero = !field.pointer && !field.required && IsZero(value);
      if (zero) {
        to->erase(name);
      } else {
        to->insert_or_assign(name, std::move(value));
      }
    }
  }

  static bool IsZero(const json::value& value) {
    const json::string* text = value.if_string();
    const std::int64_t* number = value.if_int64();
    const bool* truth = value.if_bool();
    return value.is_null() || (text != nullptr && text->empty()) ||
           (number != nullptr && *number == 0) || (truth != nullptr && !*truth);
  }

  void Entry(const Field& field, std::string_view bytes, json::object* map) const {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    json::string key;
    json::value value;
    if (field.type == FieldType::kString || field.type == FieldType::kBytes) value = "";
    while (reader.next()) {
      if (reader.tag() == 1 && reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
        key = Text(View(reader.get_view()));
      } else if (reader.tag() == 2 && reader.wire_type() == WireType(field.type)) {
        value = Single(field, &reader);
      } else {
        reader.skip();
      }
    }
    map->insert_or_assign(key, std::move(value));
  }

  json::value Single(const Field& field, protozero::pbf_reader* reader) const {
    switch (field.type) {
      case FieldType::kBool:
        return reader->get_bool();
      case FieldType::kInt: {
        const std::int64_t number = reader->get_int64();
        return field.narrow ? std::int64_t{static_cast<std::int32_t>(number)} : number;
      }
      case FieldType::kDouble:
        return reader->get_double();
      default:
        break;
    }
    const std::string_view bytes = View(reader->get_view());
    switch (field.type) {
      case FieldType::kBytes:
        return Str(EncodeBase64(bytes));
      case FieldType::kMessage: {
        json::object object;
        Fields(*field.message, bytes, &object);
        return object;
      }
      case FieldType::kQuantity:
        return Text(Parts(bytes).text[1]);
      case FieldType::kTime:
      case FieldType::kMicroTime:
        return Time(field.type == FieldType::kMicroTime, bytes);
      case FieldType::kIntOrString: {
        const InnerParts parts = Parts(bytes);
        if (parts.number[1] == 1) return Text(parts.text[3]);
        return std::int64_t{static_cast<std::int32_t>(parts.number[2])};
      }
      case FieldType::kRaw:
        return Raw(Parts(bytes).text[1]);
      default:
        return Text(bytes);
    }
  }

  // The fields 1 to 3 of the small messages that stand for one JSON value.
  struct InnerParts {
    std::array<std::string_view, 4> text;
    std::array<std::int64_t, 4> number{};
  };
  static InnerParts Parts(std::string_view bytes) {
    InnerParts parts;
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      const std::size_t tag = reader.tag();
      if (tag < 4 && reader.wire_type() == protozero::pbf_wire_type::varint) {
        parts.number[tag] = reader.get_int64();
      } else if (tag < 4 && reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
        parts.text[tag] = View(reader.get_view());
      } else {
        reader.skip();
      }
    }
    return parts;
  }

  static json::value Time(bool micro, std::string_view bytes) {
    if (bytes.empty()) return nullptr;
    const InnerParts parts = Parts(bytes);
    const std::int64_t seconds = parts.number[1];
    const std::int64_t nanos = parts.number[2];
    if (seconds < kFirstSecond || seconds > kLastSecond || nanos < 0 || nanos >= 1'000'000'000) {
      throw Misfit{"time out of range"};
    }
    return Str(FormatGoTime({seconds, static_cast<std::int32_t>(nanos)}, micro));
  }

  static json::value Raw(std::string_view text) {
    json::value value;
    std::string why;
    if (!text.empty() && !ParseJson(text, &value, &why)) throw Misfit{why};
    return value;
  }
};

// Runs `decode` and gives back what went wrong in it, empty if nothing did.
template <typename Decode>
Complaint Caught(const Decode& decode) {
  try {
    decode();
    return {};
  } catch (const protozero::end_of_buffer_exception&) {
    return "unexpected EOF";
  } catch (const protozero::exception& error) {
    return std::string("proto: ") + error.what();
  } catch (const Misfit& misfit) {
    return "proto: " + misfit.what;
  }
}

void ReadTypeMeta(protozero::pbf_reader type, UnknownView* unknown) {
  while (type.next()) {
    const auto tag = type.tag();
    if (tag > 2 || type.wire_type() != protozero::pbf_wire_type::length_delimited) {
      type.skip();
      continue;
    }
    const std::string_view text = View(type.get_view());
    (tag == 1 ? unknown->api_version : unknown->kind) = text;
  }
}

void ReadUnknown(std::string_view bytes, UnknownView* unknown) {
  constexpr auto kBytes = protozero::pbf_wire_type::length_delimited;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.tag() == 1 && reader.wire_type() == kBytes) {
      ReadTypeMeta(reader.get_message(), unknown);
    } else if (reader.tag() == 2 && reader.wire_type() == kBytes) {
      unknown->raw = View(reader.get_view());
    } else {
      reader.skip();
    }
  }
}

}  // namespace

Answer<json::object> DecodeMessage(const Message& message, std::string_view bytes) {
  json::object object;
  const Complaint complaint = Caught([&] { Decoder().Fields(message, bytes, &object); });
  if (!complaint.empty()) return CannotHandle(message, complaint);
  return object;
}

Answer<UnknownView> ParseUnknown(std::string_view bytes) {
  if (bytes.empty()) return BadRequest("empty data");
  if (!bytes.starts_with(kMagic)) {
    return BadRequest(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  bytes.remove_prefix(kMagic.size());
  if (bytes.empty()) return BadRequest("empty body");
  UnknownView unknown;
  const Complaint complaint = Caught([&] { ReadUnknown(bytes, &unknown); });
  if (!complaint.empty()) return BadRequest(complaint);
  return unknown;
}

ApiError Unrecognized(std::string_view kind, std::string_view why, std::string_view body) {
  constexpr std::size_t kShown = 30;
  const std::string_view shown = body.substr(0, kShown);
  std::string summary;
  if (body.empty()) {
    summary = "<empty>";
  } else if (body[0] == '{') {
    summary = shown;
  } else {
    for (const char c : shown) summary += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  if (body.size() > kShown) summary += " ...";
  return BadRequest(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})",
                                kind, why, summary));
}

}  // namespace fairlead::apiserver
