#include "config/fields.h"

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
void ReadField(const Field<T>& field, yaml::MapReader* reader, T* out) {
  switch (field.kind) {
    case FieldKind::kString:
      return ReadString(field, reader, &(out->*std::get<std::string T::*>(field.member)));
    case FieldKind::kStrings:
      return ReadStrings(field, reader,
                         &(out->*std::get<std::vector<std::string> T::*>(field.member)));
    case FieldKind::kDuration:
      return ReadDuration(field, reader, &(out->*std::get<Duration T::*>(field.member)));
    case FieldKind::kInt:
      return reader->Int(field.key, field.min, field.max,
                         &(out->*std::get<std::int64_t T::*>(field.member)));
    case FieldKind::kWeight:
      return reader->Decimal(field.key, 6, field.min, field.max,
                             &(out->*std::get<std::int64_t T::*>(field.member)));
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
template void ReadFields(yaml::MapReader*, std::span<const Field<QueueSpec>>, QueueSpec*);
template void ReadFields(yaml::MapReader*, std::span<const Field<TenantSpec>>, TenantSpec*);

}  // namespace fairlead::config
