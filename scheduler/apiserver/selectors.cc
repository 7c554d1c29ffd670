#include "scheduler/apiserver/selectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxLabelPart = 63;
constexpr std::size_t kMaxSubdomain = 253;
constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

bool IsLower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlnum(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }

bool IsLabelName(std::string_view text) {
  if (text.empty() || !IsAlnum(text.front()) || !IsAlnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsSubdomain(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || !IsLower(part.front()) || !IsLower(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return IsLower(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string TooLong(std::size_t limit) {
  return fmt::format("must be no more than {} characters", limit);
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

bool ParseNumber(std::string_view text, std::int64_t* number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && at == end;
}

// What is wrong with a requirement, empty if nothing.
std::string CheckRequirement(const LabelRequirement& requirement) {
  const std::vector<std::string> key_errors = LabelKeyErrors(requirement.key);
  if (!key_errors.empty()) {
    return fmt::format("invalid label key \"{}\": {}", requirement.key, Join(key_errors, "; "));
  }
  std::int64_t number = 0;
  switch (requirement.op) {
    case SelectorOp::kIn:
    case SelectorOp::kNotIn:
      if (requirement.values.empty()) {
        return "for 'in', 'notin' operators, values set can't be empty";
      }
      break;
    case SelectorOp::kExists:
    case SelectorOp::kAbsent:
      if (!requirement.values.empty()) {
        return "values set must be empty for exists and does not exist";
      }
      break;
    case SelectorOp::kGreater:
    case SelectorOp::kLess:
      if (!ParseNumber(requirement.values.front(), &number)) {
        return "for 'Gt', 'Lt' operators, the value must be an integer";
      }
      break;
  }
  for (const std::string& value : requirement.values) {
    const std::vector<std::string> errors = LabelValueErrors(value);
    if (errors.empty()) continue;
    return fmt::format("invalid label value: \"{}\": at key: \"{}\": {}", value, requirement.key,
                       Join(errors, "; "));
  }
  return {};
}

// Splits a label selector into operators and words. "in" and "notin" are words here: whether they
// are operators depends on where they stand.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { Advance(); }

  std::string_view token() const { return token_; }
  bool end() const { return kind_ == Kind::kEnd; }
  bool word() const { return kind_ == Kind::kWord; }
  bool Is(std::string_view symbol) const { return kind_ == Kind::kSymbol && token_ == symbol; }

  std::string_view Take() {
    const std::string_view taken = token_;
    Advance();
    return taken;
  }

 private:
  enum class Kind : std::uint8_t { kEnd, kSymbol, kWord };
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static bool IsSymbol(char c) {
    return std::string_view("=!(),<>").find(c) != std::string_view::npos;
  }

  void Advance() {
    while (!text_.empty() && IsSpace(text_.front())) text_.remove_prefix(1);
    std::size_t size = 0;
    kind_ = Kind::kEnd;
    if (!text_.empty() && IsSymbol(text_.front())) {
      kind_ = Kind::kSymbol;
      size = text_.starts_with("==") || text_.starts_with("!=") ? 2 : 1;
    } else if (!text_.empty()) {
      kind_ = Kind::kWord;
      while (size < text_.size() && !IsSymbol(text_[size]) && !IsSpace(text_[size])) ++size;
    }
    token_ = text_.substr(0, size);
    text_.remove_prefix(size);
  }

  std::string_view text_, token_;
  Kind kind_ = Kind::kEnd;
};

class LabelParser {
 public:
  explicit LabelParser(std::string_view text) : lexer_(text) {}

  // What is wrong; empty: the selector is complete.
  std::string Parse(LabelSelector* selector) {
    while (!lexer_.end()) {
      if (!AtRequirement()) return Found(", expected: !, identifier, or 'end of string'");
      LabelRequirement requirement;
      std::string why = ParseRequirement(&requirement);
      if (why.empty()) why = CheckRequirement(requirement);
      if (!why.empty()) return "unable to parse requirement: " + why;
      selector->requirements.push_back(std::move(requirement));
      if (lexer_.end()) break;
      if (!lexer_.Is(",")) return Found(", expected: ',' or 'end of string'");
      lexer_.Take();
      if (!AtRequirement()) return Found(", expected: identifier after ','");
    }
    return {};
  }

 private:
  bool AtRequirement() const { return lexer_.word() || lexer_.Is("!"); }
  std::string Found(std::string_view expected) const {
    return fmt::format("found '{}'{}", lexer_.token(), expected);
  }

  std::string ParseRequirement(LabelRequirement* out) {
    const bool negated = lexer_.Is("!");
    if (negated) lexer_.Take();
    if (!lexer_.word()) return Found(", expected: identifier");
    out->key = lexer_.Take();
    out->op = negated ? SelectorOp::kAbsent : SelectorOp::kExists;
    // A bad key is reported before what follows it.
    if (!LabelKeyErrors(out->key).empty()) return {};
    if (negated || lexer_.end() || lexer_.Is(",")) return {};
    bool list = false;
    if (lexer_.word() && (lexer_.token() == "in" || lexer_.token() == "notin")) {
      list = true;
      out->op = lexer_.token() == "in" ? SelectorOp::kIn : SelectorOp::kNotIn;
    } else if (lexer_.Is("=") || lexer_.Is("==")) {
      out->op = SelectorOp::kIn;
    } else if (lexer_.Is("!=")) {
      out->op = SelectorOp::kNotIn;
    } else if (lexer_.Is(">") || lexer_.Is("<")) {
      out->op = lexer_.Is(">") ? SelectorOp::kGreater : SelectorOp::kLess;
    } else {
      return Found(", expected: '=', '!=', '==', 'in', notin'");
    }
    lexer_.Take();
    return list ? ParseList(&out->values) : ParseExact(&out->values);
  }

  std::string ParseExact(std::vector<std::string>* values) {
    if (lexer_.end() || lexer_.Is(",")) {
      values->emplace_back();
      return {};
    }
    if (!lexer_.word()) return Found(", expected: identifier");
    values->emplace_back(lexer_.Take());
    return {};
  }

  // "(b,c)"; nothing between two separators is the empty value.
  std::string ParseList(std::vector<std::string>* values) {
    if (!lexer_.Is("(")) return Found(" expected: '('");
    lexer_.Take();
    if (!lexer_.word() && !lexer_.Is(",") && !lexer_.Is(")")) {
      return Found(", expected: ',', ')' or identifier");
    }
    while (true) {
      if (lexer_.word()) {
        values->emplace_back(lexer_.Take());
      } else if (lexer_.Is(",") || lexer_.Is(")")) {
        values->emplace_back();
      } else {
        return Found(", expected: ',', or identifier");
      }
      if (!lexer_.Is(",") && !lexer_.Is(")")) return Found(", expected: ',' or ')'");
      if (lexer_.Take() == ")") break;
    }
    std::sort(values->begin(), values->end());
    values->erase(std::unique(values->begin(), values->end()), values->end());
    return {};
  }

  Lexer lexer_;
};

bool HasValue(const LabelRequirement& requirement, std::string_view value) {
  return std::find(requirement.values.begin(), requirement.values.end(), value) !=
         requirement.values.end();
}

bool Holds(const LabelRequirement& requirement, const json::value* label) {
  if (label == nullptr || !label->is_string()) {
    return requirement.op == SelectorOp::kNotIn || requirement.op == SelectorOp::kAbsent;
  }
  const json::string& text = label->get_string();
  const std::string_view value(text.data(), text.size());
  std::int64_t have = 0;
  std::int64_t bound = 0;
  switch (requirement.op) {
    case SelectorOp::kIn:
      return HasValue(requirement, value);
    case SelectorOp::kNotIn:
      return !HasValue(requirement, value);
    case SelectorOp::kExists:
      return true;
    case SelectorOp::kAbsent:
      return false;
    case SelectorOp::kGreater:
    case SelectorOp::kLess:
      if (!ParseNumber(value, &have) || requirement.values.empty()) return false;
      if (!ParseNumber(requirement.values.front(), &bound)) return false;
      return requirement.op == SelectorOp::kGreater ? have > bound : have < bound;
  }
  return false;
}

bool OperatorOf(std::string_view name, SelectorOp* op) {
  if (name == "In") return *op = SelectorOp::kIn, true;
  if (name == "NotIn") return *op = SelectorOp::kNotIn, true;
  if (name == "Exists") return *op = SelectorOp::kExists, true;
  if (name == "DoesNotExist") return *op = SelectorOp::kAbsent, true;
  return false;
}

std::vector<std::string> Strings(const json::array* array) {
  std::vector<std::string> texts;
  if (array == nullptr) return texts;
  for (const json::value& entry : *array) {
    if (const json::string* text = entry.if_string()) texts.emplace_back(text->c_str());
  }
  return texts;
}

void AddInvalid(std::string_view value, const std::string& field,
                const std::vector<std::string>& errors, std::vector<Cause>* causes) {
  for (const std::string& error : errors) {
    causes->push_back(
        {"FieldValueInvalid", fmt::format("Invalid value: \"{}\": {}", value, error), field});
  }
}

void CheckExpression(const json::object& expression, const std::string& at,
                     std::vector<Cause>* causes) {
  SelectorOp op = SelectorOp::kIn;
  const std::string_view name = GetString(expression, {"operator"});
  const json::array* values = FindArray(expression, {"values"});
  const bool has_values = values != nullptr && !values->empty();
  if (!OperatorOf(name, &op)) {
    AddInvalid(name, at + ".operator", {"not a valid selector operator"}, causes);
  } else if (op == SelectorOp::kIn || op == SelectorOp::kNotIn) {
    if (!has_values) {
      causes->push_back({"FieldValueRequired",
                         "Required value: must be specified when `operator` is 'In' or 'NotIn'",
                         at + ".values"});
    }
  } else if (has_values) {
    causes->push_back(
        {"FieldValueForbidden",
         "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
         at + ".values"});
  }
  const std::string_view key = GetString(expression, {"key"});
  AddInvalid(key, at + ".key", LabelKeyErrors(key), causes);
}

std::string Format(const LabelRequirement& requirement, bool exact) {
  const std::string values = Join(requirement.values, ",");
  switch (requirement.op) {
    case SelectorOp::kIn:
      return exact ? requirement.key + "=" + values
                   : fmt::format("{} in ({})", requirement.key, values);
    case SelectorOp::kNotIn:
      return fmt::format("{} notin ({})", requirement.key, values);
    case SelectorOp::kExists:
      return requirement.key;
    case SelectorOp::kAbsent:
      return "!" + requirement.key;
    case SelectorOp::kGreater:
      return requirement.key + ">" + values;
    case SelectorOp::kLess:
      return requirement.key + "<" + values;
  }
  return {};
}

}  // namespace

std::vector<std::string> LabelKeyErrors(std::string_view key) {
  std::vector<std::string> errors;
  const std::size_t slash = key.find('/');
  std::string_view name = key;
  if (slash != std::string_view::npos) {
    const std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      return {
          fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. "
                      "'example.com/MyName')",
                      kNameRule)};
    }
    if (prefix.empty()) {
      errors.emplace_back("prefix part must be non-empty");
    } else {
      if (prefix.size() > kMaxSubdomain) errors.push_back("prefix part " + TooLong(kMaxSubdomain));
      if (!IsSubdomain(prefix)) errors.push_back(fmt::format("prefix part {}", kSubdomainRule));
    }
  }
  if (name.empty()) {
    errors.emplace_back("name part must be non-empty");
  } else if (name.size() > kMaxLabelPart) {
    errors.push_back("name part " + TooLong(kMaxLabelPart));
  }
  if (!IsLabelName(name)) errors.push_back(fmt::format("name part {}", kNameRule));
  return errors;
}

std::vector<std::string> LabelValueErrors(std::string_view value) {
  std::vector<std::string> errors;
  if (value.size() > kMaxLabelPart) errors.push_back(TooLong(kMaxLabelPart));
  if (!value.empty() && !IsLabelName(value)) errors.emplace_back(kValueRule);
  return errors;
}

bool LabelSelector::Matches(const json::object* labels) const {
  for (const LabelRequirement& requirement : requirements) {
    const json::value* label = labels == nullptr ? nullptr : labels->if_contains(requirement.key);
    if (!Holds(requirement, label)) return false;
  }
  return true;
}

Answer<LabelSelector> ParseLabelSelector(std::string_view text) {
  LabelSelector selector;
  std::string why = LabelParser(text).Parse(&selector);
  if (!why.empty()) return BadRequest(std::move(why));
  return selector;
}

Answer<LabelSelector> LabelSelectorFrom(const json::object& selector) {
  LabelSelector result;
  const json::object* labels = FindObject(selector, {"matchLabels"});
  for (const auto& [key, value] : labels == nullptr ? json::object() : *labels) {
    const json::string* text = value.if_string();
    result.requirements.push_back(
        {std::string(key), SelectorOp::kIn, {text == nullptr ? "" : text->c_str()}});
  }
  const json::array* expressions = FindArray(selector, {"matchExpressions"});
  for (const json::value& entry : expressions == nullptr ? json::array() : *expressions) {
    const json::object* expression = entry.if_object();
    if (expression == nullptr) return BadRequest("a label selector requirement must be an object");
    LabelRequirement requirement;
    requirement.key = GetString(*expression, {"key"});
    const std::string_view name = GetString(*expression, {"operator"});
    if (!OperatorOf(name, &requirement.op)) {
      return BadRequest(fmt::format("\"{}\" is not a valid pod selector operator", name));
    }
    requirement.values = Strings(FindArray(*expression, {"values"}));
    result.requirements.push_back(std::move(requirement));
  }
  for (const LabelRequirement& requirement : result.requirements) {
    std::string why = CheckRequirement(requirement);
    if (!why.empty()) return BadRequest(std::move(why));
  }
  return result;
}

std::vector<Cause> CheckLabelSelector(const json::object& selector, std::string_view field) {
  std::vector<Cause> causes;
  const json::object* labels = FindObject(selector, {"matchLabels"});
  const std::string labels_at = std::string(field) + ".matchLabels";
  for (const auto& [key, value] : labels == nullptr ? json::object() : *labels) {
    const json::string* text = value.if_string();
    const std::string_view label = text == nullptr ? "" : text->c_str();
    AddInvalid({key.data(), key.size()}, labels_at, LabelKeyErrors({key.data(), key.size()}),
               &causes);
    AddInvalid(label, labels_at, LabelValueErrors(label), &causes);
  }
  const json::array* expressions = FindArray(selector, {"matchExpressions"});
  for (std::size_t i = 0; expressions != nullptr && i < expressions->size(); ++i) {
    const json::object* expression = (*expressions)[i].if_object();
    if (expression == nullptr) continue;
    CheckExpression(*expression, fmt::format("{}.matchExpressions[{}]", field, i), &causes);
  }
  return causes;
}

std::string FormatLabelSelector(const json::object& selector) {
  Answer<LabelSelector> parsed = LabelSelectorFrom(selector);
  if (!parsed) return "<error>";
  const json::object* labels = FindObject(selector, {"matchLabels"});
  const std::size_t exact = labels == nullptr ? 0 : labels->size();
  std::vector<std::pair<std::string, std::string>> parts;
  for (std::size_t i = 0; i < parsed->requirements.size(); ++i) {
    LabelRequirement& requirement = parsed->requirements[i];
    std::sort(requirement.values.begin(), requirement.values.end());
    parts.emplace_back(requirement.key, Format(requirement, i < exact));
  }
  if (parts.empty()) return "<none>";
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [key, part] : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace fairlead::apiserver
