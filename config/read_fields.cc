#include <fmt/ranges.h>

#include "config/fields.h"
#include "fairlead/queues/amounts.h"

namespace fairlead::config {
namespace {

std::string Quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  return fmt::format("'{}{}'", text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

// Checks one string that stands at `node`.
template <typename T>
void CheckText(const Field<T>& field, const yaml::Node& node, std::string_view key,
               yaml::MapReader* reader) {
  if (!Matches(field.rule, node.scalar)) {
    reader->Fail(node, key,
                 fmt::format("{}: expected {}", Quoted(node.scalar), SpecOf(field.rule).expected));
  }
}

template <typename T>
void ReadString(const Field<T>& field, yaml::MapReader* reader, std::string* out) {
  const yaml::Node* node = reader->Child(field.key);
  if (node == nullptr) return;
  reader->String(field.key, out);
  if (node->kind == yaml::Kind::kScalar) CheckText(field, *node, field.key, reader);
}

template <typename T>
void ReadStrings(const Field<T>& field, yaml::MapReader* reader, std::vector<std::string>* out) {
  const yaml::Node* node = reader->Child(field.key);
  if (node == nullptr) return;
  reader->Strings(field.key, out);
  if (node->kind != yaml::Kind::kSequence) return;
  const auto count = static_cast<std::int64_t>(node->items.size());
  if (count < field.min || count > field.max) {
    reader->Fail(
        *node, field.key,
        fmt::format("a list of {}: expected {} to {} strings", count, field.min, field.max));
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const yaml::Node& item = node->items[i];
    if (item.kind != yaml::Kind::kScalar) return;  // the reader has refused it
    CheckText(field, item, fmt::format("{}[{}]", field.key, i), reader);
  }
}

template <typename T>
void ReadDuration(const Field<T>& field, yaml::MapReader* reader, Duration* out) {
  const yaml::Node* node = reader->Child(field.key);
  if (node == nullptr) return;
  std::string text;
  reader->String(field.key, &text);
  if (node->kind != yaml::Kind::kScalar) return;
  const Result<Duration> duration = ParseDuration(text);
  if (!duration.ok()) {
    reader->Fail(*node, field.key, duration.error().message);
  } else if (duration->ns < field.min || duration->ns > field.max) {
    reader->Fail(*node, field.key,
                 fmt::format("{}: expected a duration from {} to {}", Quoted(text),
                             FormatDuration({field.min}), FormatDuration({field.max})));
  } else {
    *out = *duration;
  }
}

template <typename T>
void ReadCap(const Field<T>& field, yaml::MapReader* reader, std::optional<std::int64_t>* out) {
  if (!reader->Has(field.key)) return;
  reader->Int(field.key, field.min, field.max, &out->emplace());
}

template <typename T>
void ReadSmallInt(const Field<T>& field, yaml::MapReader* reader, std::int32_t* out) {
  std::int64_t value = *out;
  reader->Int(field.key, field.min, field.max, &value);
  *out = static_cast<std::int32_t>(value);
}

template <typename T, typename Enum>
void ReadChoice(const Field<T>& field, yaml::MapReader* reader,
                std::optional<Enum> (*parse)(std::string_view), Enum* out) {
  const yaml::Node* node = reader->Child(field.key);
  if (node == nullptr) return;
  std::string text;
  reader->String(field.key, &text);
  const std::optional<Enum> value = parse(text);
  if (value) {
    *out = *value;
  } else {
    reader->Fail(*node, field.key,
                 fmt::format("{}: expected one of {}", Quoted(text),
                             fmt::join(ChoicesOf(field.kind), ", ")));
  }
}

template <typename T>
void ReadAmounts(const Field<T>& field, yaml::MapReader* reader, NamedAmounts* out) {
  constexpr const char* kExpected = "expected a quantity of each resource, such as {cpu: 64}";
  const yaml::Node* node = reader->Child(field.key);
  if (node == nullptr) return;
  if (node->kind != yaml::Kind::kMap) return reader->Fail(*node, field.key, kExpected);
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, value] : node->members) {
    if (value.kind != yaml::Kind::kScalar) {
      return reader->Fail(value, fmt::format("{}.{}", field.key, name), kExpected);
    }
    texts.emplace_back(name, value.scalar);
  }
  Result<NamedAmounts> amounts = ParseNamedAmounts(texts);
  if (amounts.ok()) {
    *out = std::move(*amounts);
    return;
  }
  const std::string& name = amounts.error().field;
  yaml::Node at = *node->Find(name);
  if (ResourceNameProblem(name)) {
    at.line = at.key_line;
    at.column = at.key_column;
  }
  reader->Fail(at, fmt::format("{}.{}", field.key, name), amounts.error().message);
}

// Where the value of the field goes.
template <typename V, typename T>
V* Of(const Field<T>& field, T* out) {
  return &(out->*std::get<V T::*>(field.member));
}

template <typename T>
void ReadField(const Field<T>& field, yaml::MapReader* reader, T* out) {
  switch (field.kind) {
    case FieldKind::kString:
      return ReadString(field, reader, Of<std::string>(field, out));
    case FieldKind::kStrings:
      return ReadStrings(field, reader, Of<std::vector<std::string>>(field, out));
    case FieldKind::kBool:
      return reader->Bool(field.key, Of<bool>(field, out));
    case FieldKind::kInt:
      return reader->Int(field.key, field.min, field.max, Of<std::int64_t>(field, out));
    case FieldKind::kSmallInt:
      return ReadSmallInt(field, reader, Of<std::int32_t>(field, out));
    case FieldKind::kCap:
      return ReadCap(field, reader, Of<std::optional<std::int64_t>>(field, out));
    case FieldKind::kDecimal:
      return reader->Decimal(field.key, 6, field.min, field.max, Of<std::int64_t>(field, out));
    case FieldKind::kDuration:
      return ReadDuration(field, reader, Of<Duration>(field, out));
    case FieldKind::kAmounts:
      return ReadAmounts(field, reader, Of<NamedAmounts>(field, out));
    case FieldKind::kOrder:
      return ReadChoice(field, reader, ParseLeafOrder, Of<LeafOrder>(field, out));
    case FieldKind::kState:
      return ReadChoice(field, reader, ParseQueueState, Of<QueueState>(field, out));
  }
}

}  // namespace

template <typename T>
void ReadFields(yaml::MapReader* reader, std::span<const Field<T>> fields, T* out) {
  for (const Field<T>& field : fields) {
    if (field.required) reader->Require(field.key);
    ReadField(field, reader, out);
  }
}

template void ReadFields(yaml::MapReader*, std::span<const Field<Config>>, Config*);
template void ReadFields(yaml::MapReader*, std::span<const Field<Policy>>, Policy*);
template void ReadFields(yaml::MapReader*, std::span<const Field<AgingPolicy>>, AgingPolicy*);
template void ReadFields(yaml::MapReader*, std::span<const Field<HistoryPolicy>>, HistoryPolicy*);
template void ReadFields(yaml::MapReader*, std::span<const Field<TopologyLevel>>, TopologyLevel*);
template void ReadFields(yaml::MapReader*, std::span<const Field<QueueSpec>>, QueueSpec*);
template void ReadFields(yaml::MapReader*, std::span<const Field<TenantSpec>>, TenantSpec*);

}  // namespace fairlead::config
