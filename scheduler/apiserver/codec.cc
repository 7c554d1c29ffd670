// Encoding. Bytes are those of the real server's encoder: fields in the order of their numbers,
// scalars that are no pointers written even when zero, maps in the order of their keys. Messages
// are written from their end to their start, so that every length is known when it is written.
#include "scheduler/apiserver/codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

constexpr unsigned kVarint = 0;
constexpr unsigned kFixed64 = 1;
constexpr unsigned kLength = 2;
constexpr std::string_view kMagic("k8s\0", 4);

// A buffer that grows towards its front.
class BackWriter {
 public:
  explicit BackWriter(std::size_t room) : room_(room), at_(room) {
    bytes_ = std::make_unique_for_overwrite<char[]>(room);
  }

  std::size_t size() const { return room_ - at_; }
  std::string_view text() const { return {bytes_.get() + at_, size()}; }

  void Bytes(std::string_view bytes) {
    if (bytes.empty()) return;
    Make(bytes.size());
    at_ -= bytes.size();
    std::memcpy(bytes_.get() + at_, bytes.data(), bytes.size());
  }

  void Varint(std::uint64_t value) {
    constexpr std::size_t kMost = 10;
    Make(kMost);
    std::size_t size = 1;
    for (std::uint64_t rest = value >> 7; rest != 0; rest >>= 7) ++size;
    at_ -= size;
    char* to = bytes_.get() + at_;
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to = static_cast<char>(value);
  }

  void Tag(int number, unsigned type) { Varint(static_cast<std::uint64_t>(number) << 3 | type); }

  // The length of what was written since `mark` = size(), and the tag.
  void Close(int number, std::size_t mark) {
    Varint(size() - mark);
    Tag(number, kLength);
  }

  void String(int number, std::string_view text) {
    Bytes(text);
    Varint(text.size());
    Tag(number, kLength);
  }

  void Number(int number, std::uint64_t value) {
    Varint(value);
    Tag(number, kVarint);
  }

 private:
  void Make(std::size_t wanted) {
    if (at_ >= wanted) return;
    const std::size_t used = size();
    const std::size_t room = 2 * room_ + wanted;
    auto larger = std::make_unique_for_overwrite<char[]>(room);
    std::memcpy(larger.get() + room - used, bytes_.get() + at_, used);
    bytes_ = std::move(larger);
    room_ = room;
    at_ = room - used;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t room_, at_;
};

std::string_view TextOf(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : Std(*text);
}

std::uint64_t NumberOf(const json::value* value) {
  if (value == nullptr) return 0;
  if (const std::int64_t* number = value->if_int64()) return static_cast<std::uint64_t>(*number);
  const std::uint64_t* number = value->if_uint64();
  return number == nullptr ? 0 : *number;
}

class Encoder {
 public:
  explicit Encoder(BackWriter* out) : out_(*out) {}

  void Fields(const Message& message, const json::object& object) {
    std::array<const json::value*, kMaxFields> values;
    std::fill_n(values.begin(), message.fields.size(), nullptr);
    std::size_t next = 0;  // objects mostly have their members in the order of the table
    for (const auto& [key, value] : object) {
      if (next >= message.fields.size() || message.fields[next].name != Std(key)) {
        const Field* field = message.Find(Std(key));
        // Fields of inlined messages are written by these.
        if (field == nullptr || field < message.fields.data() ||
            field >= message.fields.data() + message.fields.size()) {
          continue;
        }
        next = static_cast<std::size_t>(field - message.fields.data());
      }
      values[next++] = &value;
    }
    for (std::size_t i = message.by_number.size(); i-- > 0;) {
      const std::size_t at = message.by_number[i];
      Member(message.fields[at], values[at], object);
    }
  }

 private:
  void Member(const Field& field, const json::value* value, const json::object& object) {
    if (field.inlined) {
      const std::size_t mark = out_.size();
      Fields(*field.message, object);
      out_.Close(field.number, mark);
      return;
    }
    if (value != nullptr && value->is_null()) value = nullptr;
    const bool empty = field.repeated || field.map || field.pointer || field.current_only;
    if (value == nullptr && (empty || field.type == FieldType::kBytes)) return;
    if (field.repeated) {
      const json::array* list = value->if_array();
      for (std::size_t i = list == nullptr ? 0 : list->size(); i-- > 0;) {
        Single(field.number, field, &(*list)[i]);
      }
    } else if (field.map) {
      if (const json::object* map = value->if_object()) Map(field, *map);
    } else {
      Single(field.number, field, value);
    }
  }

  void Map(const Field& field, const json::object& map) {
    const auto by_key = [](const auto& a, const auto& b) { return a.key() < b.key(); };
    if (std::is_sorted(map.begin(), map.end(), by_key)) {
      for (auto at = map.end(); at != map.begin();) Entry(field, *--at);
      return;
    }
    std::vector<const json::key_value_pair*> entries;
    entries.reserve(map.size());
    for (const json::key_value_pair& entry : map) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(),
              [](const auto* a, const auto* b) { return a->key() > b->key(); });
    for (const json::key_value_pair* entry : entries) Entry(field, *entry);
  }

  void Entry(const Field& field, const json::key_value_pair& entry) {
    const std::size_t mark = out_.size();
    Single(2, field, &entry.value());
    out_.String(1, Std(entry.key()));
    out_.Close(field.number, mark);
  }

  // `value` may be null: zero.
  void Single(int number, const Field& field, const json::value* value) {
    const std::size_t mark = out_.size();
    switch (field.type) {
      case FieldType::kString:
        out_.String(number, TextOf(value));
        return;
      case FieldType::kBool:
        out_.Number(number, value != nullptr && value->is_bool() && value->get_bool() ? 1 : 0);
        return;
      case FieldType::kInt:
        out_.Number(number, NumberOf(value));
        return;
      case FieldType::kDouble:
        Double(number, value);
        return;
      case FieldType::kBytes: {
        std::string bytes;
        DecodeBase64(TextOf(value), &bytes);
        out_.String(number, bytes);
        return;
      }
      case FieldType::kMessage: {
        static const json::object kNone;
        const json::object* object = value == nullptr ? nullptr : value->if_object();
        Fields(*field.message, object == nullptr ? kNone : *object);
        break;
      }
      case FieldType::kQuantity:
        out_.String(1, value == nullptr ? "0" : TextOf(value));
        break;
      case FieldType::kTime:
      case FieldType::kMicroTime:
        Time(field.type == FieldType::kMicroTime, TextOf(value));
        break;
      case FieldType::kIntOrString: {
        const bool text = value != nullptr && value->is_string();
        out_.String(3, TextOf(value));
        out_.Number(2, NumberOf(value));
        out_.Number(1, text ? 1 : 0);
        break;
      }
      case FieldType::kRaw:
        if (value != nullptr && !value->is_null()) out_.String(1, json::serialize(*value));
        break;
    }
    out_.Close(number, mark);
  }

  void Double(int number, const json::value* value) {
    const double* real = value == nullptr ? nullptr : value->if_double();
    const double given = real != nullptr ? *real : static_cast<double>(NumberOf(value));
    auto bits = std::bit_cast<std::uint64_t>(given);
    std::array<char, 8> bytes;
    for (char& byte : bytes) {
      byte = static_cast<char>(bits & 0xff);
      bits >>= 8;
    }
    out_.Bytes({bytes.data(), bytes.size()});
    out_.Tag(number, kFixed64);
  }

  void Time(bool micro, std::string_view text) {
    GoTime time;
    if (text.empty() || !ParseGoTime(text, micro, &time).empty() || time.zero()) return;
    out_.Number(2, micro ? static_cast<std::uint64_t>(time.nanos) : 0);
    out_.Number(1, static_cast<std::uint64_t>(time.seconds));
  }

  BackWriter& out_;
};

// Of an object; larger ones make it grow.
constexpr std::size_t kRoom = 2048;

void Wrap(std::string_view api_version, std::string_view kind, std::size_t mark, BackWriter* out) {
  // contentEncoding and contentType stand behind `raw`; they are written by the callers.
  out->Close(2, mark);
  const std::size_t type = out->size();
  out->String(2, kind);
  out->String(1, api_version);
  out->Close(1, type);
  out->Bytes(kMagic);
}

void NoContentType(BackWriter* out) {
  out->String(4, "");
  out->String(3, "");
}

}  // namespace

std::string EncodeMessage(const Message& message, const json::object& object) {
  BackWriter out(kRoom);
  Encoder(&out).Fields(message, object);
  return std::string(out.text());
}

std::string EncodeUnknown(const Message& message, const json::object& object) {
  BackWriter out(kRoom);
  NoContentType(&out);
  const std::size_t mark = out.size();
  Encoder(&out).Fields(message, object);
  Wrap(GetString(object, {"apiVersion"}), GetString(object, {"kind"}), mark, &out);
  return std::string(out.text());
}

std::string WrapUnknown(std::string_view api_version, std::string_view kind, std::string_view raw) {
  BackWriter out(raw.size() + api_version.size() + kind.size() + 64);
  NoContentType(&out);
  const std::size_t mark = out.size();
  out.Bytes(raw);
  Wrap(api_version, kind, mark, &out);
  return std::string(out.text());
}

void AppendWatchFrame(std::string_view type, std::string_view unknown, std::string* out) {
  constexpr std::size_t kPrefix = 4;
  BackWriter frame(unknown.size() + type.size() + 64);
  frame.String(1, unknown);
  frame.Close(2, 0);
  frame.String(1, type);
  const std::size_t size = frame.size();
  for (std::size_t i = 0; i < kPrefix; ++i) {
    out->push_back(static_cast<char>(size >> (8 * (kPrefix - 1 - i)) & 0xff));
  }
  out->append(frame.text());
}

std::string EncodeList(const json::object& list_meta, const std::vector<std::string_view>& items) {
  std::size_t size = 512;
  for (const std::string_view item : items) size += item.size() + 8;
  BackWriter out(size);
  for (std::size_t i = items.size(); i-- > 0;) out.String(2, items[i]);
  const std::size_t mark = out.size();
  Encoder(&out).Fields(*MessageNamed("meta.v1.ListMeta"), list_meta);
  out.Close(1, mark);
  return std::string(out.text());
}

}  // namespace fairlead::apiserver
