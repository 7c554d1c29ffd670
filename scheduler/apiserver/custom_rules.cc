// x-kubernetes-validations, as far as they are one comparison; declared in custom_schema.h. An
// operand is self, oldSelf, a field of them, size() of one, a number, a string, true or false.
// Rules of any other form are taken to hold.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "scheduler/apiserver/custom_schema.h"

namespace fairlead::apiserver {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

struct Operands {
  const json::value& self;
  const json::value* old_self;
};

// The value of a path such as self.a.b; none: not such a path, or the field is absent.
std::optional<json::value> PathValue(std::string_view path, std::string_view root,
                                     const json::value& from) {
  const json::value* at = &from;
  path.remove_prefix(root.size());
  while (!path.empty()) {
    if (path.front() != '.') return std::nullopt;
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, end);
    const json::object* object = at->if_object();
    const json::value* next = object == nullptr ? nullptr : Find(*object, {name});
    if (next == nullptr) return std::nullopt;
    at = next;
    path.remove_prefix(end);
  }
  return *at;
}

std::optional<json::value> Literal(std::string_view text) {
  if (text == "true" || text == "false") return json::value(text == "true");
  const bool quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
                      text.back() == text.front();
  if (quoted) {
    const std::string_view inner = text.substr(1, text.size() - 2);
    if (inner.find_first_of("'\"\\") != std::string_view::npos) return std::nullopt;
    return json::value(Str(inner));
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return json::value(number);
}

std::optional<json::value> SizeOf(const json::value& value) {
  std::size_t size = 0;
  if (const json::array* list = value.if_array()) {
    size = list->size();
  } else if (const json::object* object = value.if_object()) {
    size = object->size();
  } else if (const json::string* text = value.if_string()) {
    size = text->size();
  } else {
    return std::nullopt;
  }
  return json::value(static_cast<std::int64_t>(size));
}

bool IsPath(std::string_view text, std::string_view root) {
  return text.starts_with(root) && (text.size() == root.size() || text[root.size()] == '.') &&
         text.find_first_of(" ()[]+-*/%?:!&|,") == std::string_view::npos;
}

std::optional<json::value> Evaluate(std::string_view text, const Operands& operands) {
  text = Trimmed(text);
  if (text.starts_with("size(") && text.ends_with(')')) {
    const auto inner = Evaluate(text.substr(5, text.size() - 6), operands);
    return inner ? SizeOf(*inner) : std::nullopt;
  }
  if (IsPath(text, "self")) return PathValue(text, "self", operands.self);
  if (IsPath(text, "oldSelf") && operands.old_self != nullptr) {
    return PathValue(text, "oldSelf", *operands.old_self);
  }
  return Literal(text);
}

// -1, 0, 1; none: they have no order.
std::optional<int> Order(const json::value& a, const json::value& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : (x > y ? 1 : 0); };
  if (a.is_string() && b.is_string()) return sign(a.get_string().compare(b.get_string()), 0);
  boost::system::error_code error;
  const auto x = a.to_number<double>(error);
  if (error) return std::nullopt;
  const auto y = b.to_number<double>(error);
  if (error) return std::nullopt;
  return sign(x, y);
}

// Whether the rule is known to be broken.
bool Broken(std::string_view rule, const Operands& operands) {
  static constexpr std::array<std::string_view, 6> kOps = {"==", "!=", "<=", ">=", "<", ">"};
  for (const std::string_view op : kOps) {
    const std::size_t at = rule.find(op);
    if (at == std::string_view::npos) continue;
    const auto left = Evaluate(rule.substr(0, at), operands);
    const auto right = Evaluate(rule.substr(at + op.size()), operands);
    if (!left || !right) return false;
    if (op == "==") return !(*left == *right);
    if (op == "!=") return *left == *right;
    const std::optional<int> order = Order(*left, *right);
    if (!order) return false;
    if (op == "<=") return *order > 0;
    if (op == ">=") return *order < 0;
    return op == "<" ? *order >= 0 : *order <= 0;
  }
  return false;
}

void CheckHere(const json::object& schema, const json::value& value, const json::value* old,
               const std::string& field, Findings* findings) {
  EachObject(schema, {"x-kubernetes-validations"}, "", [&](const json::object& one, const auto&) {
    const std::string_view rule = GetString(one, {"rule"});
    const bool about_change = rule.find("oldSelf") != std::string_view::npos;
    if ((about_change && old == nullptr) || !Broken(rule, {value, old})) return;
    const std::string_view message = GetString(one, {"message"});
    const std::string type(GetString(schema, {"type"}));
    const std::string shown =
        type == "object" || type == "array" ? Quoted(type) : std::string(json::serialize(value));
    findings->Invalid(
        field.empty() ? "<nil>" : field, shown,
        message.empty() ? fmt::format("failed rule: {}", rule) : std::string(message));
  });
}

}  // namespace

void CheckRules(const json::object& schema, const json::value& value, const json::value* old,
                const std::string& field, Findings* findings) {
  CheckHere(schema, value, old, field, findings);
  if (const json::object* object = value.if_object()) {
    const json::object* before = old == nullptr ? nullptr : old->if_object();
    for (const auto& entry : *object) {
      const json::object* inner = FindObject(schema, {"properties", KeyOf(entry)});
      if (inner == nullptr) inner = FindObject(schema, {"additionalProperties"});
      if (inner == nullptr) continue;
      const json::value* was = before == nullptr ? nullptr : before->if_contains(entry.key());
      std::string path = field;
      if (!path.empty()) path += '.';
      path += KeyOf(entry);
      CheckRules(*inner, entry.value(), was, path, findings);
    }
  }
  const json::array* list = value.if_array();
  const json::object* items = FindObject(schema, {"items"});
  // Elements of a list have no past: which one was which is not known.
  for (std::size_t i = 0; list != nullptr && items != nullptr && i < list->size(); ++i) {
    CheckRules(*items, (*list)[i], nullptr, fmt::format("{}[{}]", field, i), findings);
  }
}

}  // namespace fairlead::apiserver
