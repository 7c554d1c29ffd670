// Reads the tables. A table is words between blanks: a message "core.v1.Pod:", then its fields
//
//   NAME=NUMBER[MARKS]TYPE[;OPTION]...
//
// MARKS: "!" written even when zero, "*" pointer, "[" list, "{" map of strings to TYPE.
// TYPE:  s string, b bool, i int32, I int64, d double, y bytes, q quantity, t time, u time with
//        microseconds, x int or string, r raw JSON, @MESSAGE.
// OPTION: k=FIELD merged by that key, l merged as a set, a replaced whole, r retains keys, c not
//        known to 1.20, g=NAME in Go, t=TYPE in Go.
//
// An empty NAME stands for an inlined message. A message that comes again gets more fields; a field
// that comes again replaces the earlier one.
#include "scheduler/apiserver/schema_build.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <unordered_map>

#include "fairlead/base/check.h"

namespace fairlead::apiserver {
namespace {

std::size_t Hash(std::string_view name) {
  if (name.empty()) return 0;
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(name[i])}; };
  const std::size_t last = name.size() - 1;
  return name.size() * 0x9e5 + byte(0) * 0x1f3 + byte(last) * 0x2b + byte(last / 2) * 0x7 +
         byte(last / 4) * 0x61;
}

class Registry {
 public:
  Registry() {
    for (const std::string_view table : {kMetaTable, kCoreTable, kOtherTable, kCurrentTable}) {
      Read(table);
    }
    for (Message& message : messages_) Finish(&message);
    for (Message& message : messages_) Index(&message);
  }

  const Message* Find(std::string_view name) const {
    const auto at = by_name_.find(name);
    return at == by_name_.end() ? nullptr : at->second;
  }

 private:
  Message* Get(std::string_view name) {
    Message*& at = by_name_[name];
    if (at == nullptr) {
      at = &messages_.emplace_back();
      at->name = name;
    }
    return at;
  }

  void Read(std::string_view table) {
    constexpr std::string_view kBlank = " \n";
    Message* message = nullptr;
    while (true) {
      table.remove_prefix(std::min(table.find_first_not_of(kBlank), table.size()));
      if (table.empty()) return;
      const std::string_view word = table.substr(0, table.find_first_of(kBlank));
      table.remove_prefix(word.size());
      if (word.back() == ':') {
        message = Get(word.substr(0, word.size() - 1));
        continue;
      }
      FAIRLEAD_CHECK(message != nullptr, "field {} before any message", word);
      const Field field = Parse(word);
      const auto same = [&](const Field& f) { return f.name == field.name && !field.inlined; };
      const auto old = std::find_if(message->fields.begin(), message->fields.end(), same);
      if (old == message->fields.end()) {
        message->fields.push_back(field);
      } else {
        *old = field;
      }
    }
  }

  Field Parse(std::string_view word) {
    const std::string_view text = word;
    Field field;
    const std::size_t equals = text.find('=');
    FAIRLEAD_CHECK(equals != std::string_view::npos, "no number: {}", text);
    field.name = word.substr(0, equals);
    field.inlined = field.name.empty();
    word.remove_prefix(equals + 1);
    const char* end = word.data() + word.size();
    const auto number = std::from_chars(word.data(), end, field.number);
    FAIRLEAD_CHECK(number.ec == std::errc(), "no number: {}", text);
    word.remove_prefix(static_cast<std::size_t>(number.ptr - word.data()));
    for (; !word.empty() && std::string_view("!*[{").find(word[0]) != std::string_view::npos;
         word.remove_prefix(1)) {
      field.required |= word[0] == '!';
      field.pointer |= word[0] == '*';
      field.repeated |= word[0] == '[';
      field.map |= word[0] == '{';
    }
    const std::string_view type = word.substr(0, word.find(';'));
    word.remove_prefix(type.size());
    SetType(type, &field);
    while (!word.empty()) {
      word.remove_prefix(1);
      const std::string_view option = word.substr(0, word.find(';'));
      word.remove_prefix(option.size());
      SetOption(option, &field);
    }
    return field;
  }

  void SetType(std::string_view type, Field* field) {
    FAIRLEAD_CHECK(!type.empty(), "{} has no type", field->name);
    constexpr std::string_view kLetters = "sbIdy@qtuxr";
    const char letter = type[0] == 'i' ? 'I' : type[0];
    const std::size_t at = kLetters.find(letter);
    FAIRLEAD_CHECK(at != std::string_view::npos, "{} has type {}", field->name, type);
    field->type = static_cast<FieldType>(at);
    field->narrow = type[0] == 'i';
    if (letter == '@') field->message = Get(type.substr(1));
  }

  static void SetOption(std::string_view option, Field* field) {
    const std::string_view value = option.size() > 2 ? option.substr(2) : std::string_view();
    switch (option.empty() ? ' ' : option[0]) {
      case 'k':
        field->merge_key = value;
        return;
      case 'l':
        field->merge_list = true;
        return;
      case 'a':
        field->atomic = true;
        return;
      case 'r':
        field->retain_keys = true;
        return;
      case 'c':
        field->current_only = true;
        return;
      case 'g':
        field->go_name = value;
        return;
      case 't':
        field->go_type = value;
        return;
      default:
        FAIRLEAD_CHECK(false, "{} has option {}", field->name, option);
    }
  }

  static void Finish(Message* message) {
    FAIRLEAD_CHECK(!message->fields.empty() && message->fields.size() <= kMaxFields,
                   "{} is used but not described, or has too many fields", message->name);
    for (std::size_t i = 0; i < message->fields.size(); ++i) {
      if (message->fields[i].number > 0) {
        message->by_number.push_back(static_cast<std::uint16_t>(i));
      }
    }
    const auto number = [&](std::uint16_t i) { return message->fields[i].number; };
    std::sort(message->by_number.begin(), message->by_number.end(),
              [&](std::uint16_t a, std::uint16_t b) { return number(a) < number(b); });
    for (std::size_t i = 1; i < message->by_number.size(); ++i) {
      FAIRLEAD_CHECK(number(message->by_number[i - 1]) < number(message->by_number[i]),
                     "{} has number {} twice", message->name, number(message->by_number[i]));
    }
  }

  static void Index(Message* message) {
    std::vector<const Field*> all;
    Collect(*message, &all);
    std::size_t size = 4;
    while (size < 2 * all.size()) size *= 2;
    message->slots.assign(size, nullptr);
    for (const Field* field : all) {
      std::size_t at = Hash(field->name) & (size - 1);
      while (message->slots[at] != nullptr) at = (at + 1) & (size - 1);
      message->slots[at] = field;
    }
  }

  static void Collect(const Message& message, std::vector<const Field*>* all) {
    for (const Field& field : message.fields) {
      if (field.inlined) {
        Collect(*field.message, all);
      } else {
        all->push_back(&field);
      }
    }
  }

  std::deque<Message> messages_;
  std::unordered_map<std::string_view, Message*> by_name_;
};

const Registry& Messages() {
  static const Registry registry;
  return registry;
}

}  // namespace

const Field* Message::Find(std::string_view wanted) const {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = Hash(wanted) & mask;; at = (at + 1) & mask) {
    if (slots[at] == nullptr || slots[at]->name == wanted) return slots[at];
  }
}

const Field* Message::Find(int number) const {
  const auto at =
      std::lower_bound(by_number.begin(), by_number.end(), number,
                       [&](std::uint16_t i, int wanted) { return fields[i].number < wanted; });
  return at != by_number.end() && fields[*at].number == number ? &fields[*at] : nullptr;
}

const Message* MessageNamed(std::string_view name) { return Messages().Find(name); }

const Message* FindMessage(std::string_view group, std::string_view version,
                           std::string_view kind) {
  constexpr std::string_view kGroups[][2] = {
      {"", "core"},
      {"batch", "batch"},
      {"coordination.k8s.io", "coordination"},
      {"scheduling.k8s.io", "scheduling"},
      {"policy", "policy"},
      {"authorization.k8s.io", "authorization"},
      {"events.k8s.io", "events"},
      {"meta.k8s.io", "meta"},
  };
  // Kinds that every group has.
  if (kind == "Status" || kind == "DeleteOptions" || kind == "WatchEvent") {
    return MessageNamed("meta.v1." + std::string(kind));
  }
  for (const auto& [name, package] : kGroups) {
    if (name == group) {
      return MessageNamed(std::string(package) + "." + std::string(version) + "." +
                          std::string(kind));
    }
  }
  return nullptr;
}

std::string_view GoType(const Message& message) {
  return message.name.substr(message.name.find('.') + 1);
}

std::string_view GoElement(const Field& field) {
  if (field.type == FieldType::kMessage) return GoType(*field.message);
  if (!field.map && !field.go_type.empty()) return field.go_type;
  switch (field.type) {
    case FieldType::kBool:
      return "bool";
    case FieldType::kInt:
      return field.narrow ? "int32" : "int64";
    case FieldType::kDouble:
      return "float64";
    case FieldType::kBytes:
      return "[]uint8";
    case FieldType::kQuantity:
      return "resource.Quantity";
    case FieldType::kTime:
      return "v1.Time";
    default:
      return "string";
  }
}

std::string GoName(const Field& field) {
  if (!field.go_name.empty()) return std::string(field.go_name);
  std::string name(field.name);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
  return name;
}

}  // namespace fairlead::apiserver
