// Custom resources: additionalPrinterColumns and the JSONPaths in them. Of JSONPath it knows
// ".a.b", "['a']", "[0]", "[-1]", "[*]" and filters such as [?(@.type=="Ready")]; the first result
// counts. Ranges, unions and recursive descent are not known: such a column stays empty.
#include <fmt/format.h>

#include <charconv>
#include <string>

#include "scheduler/apiserver/table.h"
#include "scheduler/apiserver/table_cells.h"

namespace fairlead::apiserver {
namespace {

using Values = std::vector<const json::value*>;

std::string_view Unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return text;
  return text.front() == '"' || text.front() == '\'' ? text.substr(1, text.size() - 2) : text;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string ScalarText(const json::value& value) {
  if (const json::string* text = value.if_string()) return {text->data(), text->size()};
  if (const double* number = value.if_double()) return fmt::format("{}", *number);
  return json::serialize(value);
}

class JsonPath {
 public:
  explicit JsonPath(std::string_view path) : rest_(path) {}

  // Null: nothing is there, or the path is not understood.
  const json::value* First(const json::object& root) {
    root_ = &root;
    Values values;
    while (!rest_.empty() && (root_ != nullptr || !values.empty())) {
      const bool understood = rest_.front() == '[' ? Bracket(&values) : Dot(&values);
      if (!understood) return nullptr;
    }
    return values.empty() ? nullptr : values.front();
  }

 private:
  // The root is an object that is no value; the first step starts from it.
  void Select(const std::string& name, Values* values) {
    Values found;
    const json::value* top = root_ == nullptr ? nullptr : root_->if_contains(name);
    if (top != nullptr) found.push_back(top);
    root_ = nullptr;
    for (const json::value* value : *values) {
      const json::object* object = value->if_object();
      const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
      if (member != nullptr) found.push_back(member);
    }
    *values = std::move(found);
  }

  bool Dot(Values* values) {
    if (!rest_.starts_with('.')) return false;
    rest_.remove_prefix(1);
    std::string name;
    while (!rest_.empty() && rest_.front() != '.' && rest_.front() != '[') {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      name.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (name.empty()) return rest_.starts_with('[');
    Select(name, values);
    return true;
  }

  // The end of "[...]": quotes may hide a bracket.
  std::size_t BracketEnd() const {
    char quote = 0;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == ']') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  bool Bracket(Values* values) {
    const std::size_t end = BracketEnd();
    if (end == std::string_view::npos) return false;
    const std::string_view inside = Trimmed(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    if (inside.starts_with("?(") && inside.ends_with(')')) {
      return Filter(inside.substr(2, inside.size() - 3), values);
    }
    if (inside.starts_with('\'') || inside.starts_with('"')) {
      Select(std::string(Unquoted(inside)), values);
      return true;
    }
    return Index(inside, values);
  }

  static bool Index(std::string_view text, Values* values) {
    const bool all = text == "*";
    std::int64_t index = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (!all && (error != std::errc() || at != text.data() + text.size())) return false;
    Values found;
    for (const json::value* value : *values) {
      const json::array* array = value->if_array();
      if (array == nullptr) continue;
      const auto size = static_cast<std::int64_t>(array->size());
      const std::int64_t wanted = index < 0 ? index + size : index;
      for (std::int64_t i = 0; i < size; ++i) {
        if (all || i == wanted) found.push_back(&(*array)[static_cast<std::size_t>(i)]);
      }
    }
    *values = std::move(found);
    return true;
  }

  static bool Filter(std::string_view filter, Values* values) {
    std::size_t at = filter.find("==");
    const bool equal = at != std::string_view::npos;
    if (!equal) at = filter.find("!=");
    const std::string_view left = Trimmed(filter.substr(0, at));
    if (!left.starts_with('@')) return false;
    const bool exists = at == std::string_view::npos;
    const std::string_view right = exists ? "" : Unquoted(Trimmed(filter.substr(at + 2)));
    Values found;
    for (const json::value* value : *values) {
      const json::array* array = value->if_array();
      for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const json::object* element = (*array)[i].if_object();
        if (element == nullptr) continue;
        const json::value* member = JsonPath(left.substr(1)).First(*element);
        if (member == nullptr) continue;
        if (exists || (ScalarText(*member) == right) == equal) found.push_back(&(*array)[i]);
      }
    }
    *values = std::move(found);
    return true;
  }

  std::string_view rest_;
  const json::object* root_ = nullptr;
};

json::value DateCell(const json::value& value, Instant now) {
  const json::string* text = value.if_string();
  if (text == nullptr) return nullptr;
  if (text->empty()) return "<unknown>";
  const auto time = ParseInstant({text->data(), text->size()});
  return time.ok() ? Str(HumanDuration(now - *time)) : json::string("<invalid>");
}

json::value Cell(const json::value& value, std::string_view type, Instant now) {
  if (value.is_null()) return nullptr;
  if (type == "string") return Str(ScalarText(value));
  if (type == "date") return DateCell(value, now);
  if (type == "boolean") return value.is_bool() ? value : json::value(nullptr);
  if (!value.is_number()) return nullptr;
  if (type == "integer" && value.is_double()) return static_cast<std::int64_t>(value.get_double());
  return type == "integer" || type == "number" ? value : json::value(nullptr);
}

const json::array& Definitions(const Resource& resource) {
  static const json::array default_columns{
      {{"name", "Age"}, {"type", "date"}, {"jsonPath", ".metadata.creationTimestamp"}}};
  const json::array* columns = FindArray(resource.crd_version, {"additionalPrinterColumns"});
  return columns == nullptr || columns->empty() ? default_columns : *columns;
}

}  // namespace

std::vector<Column> CustomColumns(const Resource& resource) {
  std::vector<Column> columns{NameColumn()};
  for (const json::value& entry : Definitions(resource)) {
    const json::object* definition = entry.if_object();
    if (definition == nullptr) continue;
    Column column;
    column.name = GetString(*definition, {"name"});
    column.type = GetString(*definition, {"type"});
    column.format = GetString(*definition, {"format"});
    column.priority = static_cast<int>(GetInt(*definition, {"priority"}, 0));
    column.description = GetString(*definition, {"description"});
    if (column.description.empty()) {
      column.description = fmt::format("Custom resource definition column (in JSONPath format): {}",
                                       GetString(*definition, {"jsonPath"}));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

json::array CustomCells(const Resource& resource, const json::object& object, Instant now) {
  json::array cells{NameCell(object)};
  for (const json::value& entry : Definitions(resource)) {
    const json::object* definition = entry.if_object();
    if (definition == nullptr) continue;
    const json::value* found = JsonPath(GetString(*definition, {"jsonPath"})).First(object);
    cells.push_back(found == nullptr ? json::value(nullptr)
                                     : Cell(*found, GetString(*definition, {"type"}), now));
  }
  return cells;
}

}  // namespace fairlead::apiserver
