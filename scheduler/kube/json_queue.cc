// fairlead.dev/v1alpha1 Queue from JSON.
//
// The server's schema refuses most of what is refused here too. It says so at once and better; this
// is for servers and objects that went around it, and for what no schema can tell (amounts that do
// not fit in 64 bits). Every field is named with what was found and what was expected; the first
// one that is wrong, in the order of QueueSpec, is the object's `invalid`. Unknown fields are the
// server's matter.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/kube/decode.h"
#include "fairlead/queues/amounts.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {
namespace {

using simdjson::dom::element;

constexpr std::int64_t kMaxWeight = 1'000'000 * kWeightOne;
// The same bounds as in the configuration file.
constexpr std::int64_t kBillion = 1'000'000'000;
constexpr Duration kLongest = Duration::Seconds(365LL * 24 * 3600);
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kDigits = 6;  // after the point, of kWeightOne

std::string_view Text(const element& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// Nothing where the key is absent or null.
std::optional<element> Member(const element& object, const char* key) {
  element member;
  if (object[key].get(member) != simdjson::SUCCESS || member.is_null()) return std::nullopt;
  return member;
}

// As it was written, cut where it is long.
std::string Shown(const element& value) {
  constexpr std::size_t kShown = 64;
  std::string text = simdjson::minify(value);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text;
}

// A decimal with up to six digits after the point, as millionths.
std::optional<std::int64_t> ParseMillionths(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  constexpr std::size_t kMostDigits = 9;
  if (whole.size() + part.size() == 0 || whole.size() > kMostDigits || part.size() > kDigits ||
      (point != std::string_view::npos && part.empty())) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  for (std::size_t i = 0; i < whole.size() + kDigits; ++i) {
    const std::size_t after = i < whole.size() ? 0 : i - whole.size();
    char digit = '0';
    if (i < whole.size()) {
      digit = whole[i];
    } else if (after < part.size()) {
      digit = part[after];
    }
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value;
}

// Reads members of a spec in turn. After the first one that is wrong nothing is read any more.
class SpecReader {
 public:
  explicit SpecReader(const element& spec) : spec_(spec) {}

  const std::string& problem() const { return problem_; }

  void Decimal(const char* key, std::string_view expected, std::int64_t max, std::int64_t* out) {
    const auto member = Next(key);
    if (!member) return;
    std::optional<std::int64_t> value;
    std::string_view text;
    std::int64_t whole = 0;
    if (member->get(text) == simdjson::SUCCESS) {
      value = ParseMillionths(text);
    } else if (member->get(whole) == simdjson::SUCCESS && whole >= 0 && whole <= max) {
      value = whole * kWeightOne;
    }
    if (!value || *value < 1 || *value > max) return Refuse(key, *member, expected);
    *out = *value;
  }

  void Flag(const char* key, bool* out) {
    const auto member = Next(key);
    if (member && member->get(*out) != simdjson::SUCCESS) Refuse(key, *member, "true or false");
  }

  template <typename Number>
  void Whole(const char* key, std::int64_t min, std::int64_t max, Number* out) {
    const auto member = Next(key);
    if (!member) return;
    std::int64_t value = 0;
    if (member->get(value) != simdjson::SUCCESS || value < min || value > max) {
      return Refuse(key, *member, fmt::format("a whole number from {} to {}", min, max));
    }
    *out = static_cast<Number>(value);
  }

  void String(const char* key, std::size_t most, std::string* out) {
    const auto member = Next(key);
    if (!member) return;
    std::string_view text;
    if (member->get(text) != simdjson::SUCCESS || text.size() > most) {
      return Refuse(key, *member, fmt::format("text of at most {} bytes", most));
    }
    *out = text;
  }

  template <typename Value>
  void Choice(const char* key, std::optional<Value> (*parse)(std::string_view),
              std::string_view expected, Value* out) {
    const auto member = Next(key);
    if (!member) return;
    std::string_view text;
    const bool is_text = member->get(text) == simdjson::SUCCESS;
    const std::optional<Value> value = is_text ? parse(text) : std::nullopt;
    if (!value) return Refuse(key, *member, expected);
    *out = *value;
  }

  void Time(const char* key, Duration* out) {
    const auto member = Next(key);
    if (!member) return;
    std::string_view text;
    const bool is_text = member->get(text) == simdjson::SUCCESS;
    const Result<Duration> value = ParseDuration(is_text ? text : std::string_view{});
    if (!value.ok() || *value > kLongest) {
      return Refuse(key, *member, "a duration of at most 365d, such as 30s or 1h30m");
    }
    *out = *value;
  }

  void Texts(const char* key, std::vector<std::string>* out) {
    const auto member = Next(key);
    if (!member) return;
    simdjson::dom::array list;
    if (member->get(list) != simdjson::SUCCESS) return Refuse(key, *member, "a list of names");
    for (const element item : list) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS || text.empty()) {
        return Refuse(fmt::format("{}[{}]", key, out->size()), item, "the name of a tenant");
      }
      out->emplace_back(text);
    }
  }

  void Amounts(const char* key, NamedAmounts* out) {
    const auto member = Next(key);
    if (!member) return;
    simdjson::dom::object map;
    if (member->get(map) != simdjson::SUCCESS) {
      return Refuse(key, *member, "quantities by resource, such as {\"cpu\": \"4\"}");
    }
    std::vector<std::pair<std::string, std::string>> texts;
    for (const auto& [name, value] : map) {
      std::string_view text;
      std::int64_t whole = 0;
      if (value.get(text) == simdjson::SUCCESS) {
        texts.emplace_back(name, text);
      } else if (value.get(whole) == simdjson::SUCCESS) {
        texts.emplace_back(name, fmt::format("{}", whole));
      } else {
        return Refuse(Inside(key, name), value, "a whole number or a quantity as text");
      }
    }
    Result<NamedAmounts> amounts = ParseNamedAmounts(texts);
    if (!amounts.ok()) {
      problem_ =
          fmt::format("spec.{}: {}", Inside(key, amounts.error().field), amounts.error().message);
      return;
    }
    *out = std::move(amounts).value();
  }

 private:
  static std::string Inside(std::string_view key, std::string_view name) {
    const bool plain = !name.empty() && name.find_first_of("./\"") == std::string_view::npos;
    return plain ? fmt::format("{}.{}", key, name) : fmt::format("{}[\"{}\"]", key, name);
  }

  std::optional<element> Next(const char* key) const {
    return problem_.empty() ? Member(spec_, key) : std::nullopt;
  }

  void Refuse(std::string_view field, const element& found, std::string_view expected) {
    problem_ = fmt::format("spec.{}: found {}, expected {}", field, Shown(found), expected);
  }

  element spec_;
  std::string problem_;
};

std::string ReadSpec(const element& spec, QueueSpec* out) {
  SpecReader reader(spec);
  reader.Decimal("weight",
                 "a number above 0 and up to 1000000; one with a fraction (at most six digits) as "
                 "text, such as \"1.5\"",
                 kMaxWeight, &out->weight);
  reader.String("parent", kMaxName, &out->parent);
  reader.Amounts("guarantee", &out->guarantee);
  reader.Amounts("limit", &out->limit);
  reader.Flag("lendable", &out->lendable);
  reader.Flag("borrowing", &out->borrowing);
  reader.Amounts("lendingLimit", &out->lending_limit);
  reader.Whole("priority", -kBillion, kBillion, &out->priority);
  reader.Choice("order", &ParseLeafOrder,
                "one of priority_fifo, fifo_strict, shortest_first, fair_users", &out->order);
  reader.Flag("reclaimable", &out->reclaimable);
  reader.Time("minRuntime", &out->min_runtime);
  reader.Choice("state", &ParseQueueState, "one of open, hold, drain", &out->state);
  reader.Whole("maxPendingGangs", 0, kBillion, &out->max_pending_gangs);
  reader.Whole("maxRunningGangs", 0, kBillion, &out->max_running_gangs);
  reader.Decimal("userLimit",
                 "a number above 0 and up to 1; one with a fraction (at most six digits) as text, "
                 "such as \"0.5\"",
                 kWeightOne, &out->user_limit);
  reader.Texts("tenants", &out->tenants);
  return reader.problem();
}

// What is shown of it already: so that a scheduler that starts anew does not claim that a condition
// has just come about.
void ReadShown(const element& status, QueueInfo* out) {
  simdjson::dom::array conditions;
  if (status["conditions"].get(conditions) != simdjson::SUCCESS) return;
  for (const element condition : conditions) {
    if (Text(condition, "type") != "Accepted") continue;
    const Result<Instant> since = ParseInstant(Text(condition, "lastTransitionTime"));
    if (!since.ok()) return;
    out->shown_accepted = Text(condition, "status") == "True";
    out->shown_since = *since;
  }
}

}  // namespace

Result<QueueInfo> QueueFromJson(std::string_view json, ObjectMeta* meta) {
  simdjson::dom::parser parser;
  element root;
  element metadata;
  if (const auto code = parser.parse(json.data(), json.size()).get(root)) {
    return DecodeError(fmt::format("malformed JSON Queue: {}", simdjson::error_message(code)));
  }
  if (root["metadata"].get(metadata) != simdjson::SUCCESS || Text(metadata, "name").empty()) {
    return DecodeError("queue without metadata.name");
  }
  QueueInfo out;
  QueueObject& object = out.object;
  object.uid = Text(metadata, "uid");
  if (metadata["generation"].get(object.generation) != simdjson::SUCCESS) object.generation = 0;
  const Result<Instant> created = ParseInstant(Text(metadata, "creationTimestamp"));
  if (created.ok()) object.created = *created;
  const std::optional<element> spec = Member(root, "spec");
  if (spec && spec->is_object()) {
    object.invalid = ReadSpec(*spec, &object.spec);
  } else if (spec) {
    object.invalid = fmt::format("spec: found {}, expected an object", Shown(*spec));
  }
  if (!object.invalid.empty()) object.spec = QueueSpec{};
  object.spec.name = Text(metadata, "name");
  if (object.spec.name.size() > kMaxName) {
    object.invalid = fmt::format("metadata.name: {} bytes, expected at most {}",
                                 object.spec.name.size(), kMaxName);
  }
  if (const auto status = Member(root, "status"); status && status->is_object()) {
    ReadShown(*status, &out);
  }
  if (meta != nullptr) {
    *meta = ObjectMeta{"", object.spec.name, object.uid,
                       std::string(Text(metadata, "resourceVersion"))};
  }
  return out;
}

}  // namespace fairlead::kube
