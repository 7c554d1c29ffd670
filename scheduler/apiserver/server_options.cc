// The parameters of a query, checked as the real server checks them: what cannot be read is a 400,
// what makes no sense a 422 about ListOptions, CreateOptions and so on.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scheduler/apiserver/admission_checks.h"
#include "scheduler/apiserver/api_steps.h"
#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxFieldManager = 128;

// What Go's parser of integers says about a text; empty: it is one.
std::string ParseTrouble(std::string_view text, std::int64_t* value) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
  const bool whole = end == digits.data() + digits.size();
  if (error == std::errc() && whole) return {};
  const bool range = error == std::errc::result_out_of_range && whole;
  return fmt::format("strconv.ParseInt: parsing \"{}\": {}", text,
                     range ? "value out of range" : "invalid syntax");
}

struct Selection {
  LabelSelector labels;
  FieldSelector fields;
};

// Selectors, and the name in a path such as /watch/pods/NAME, which selects too.
Answer<Selection> ReadSelection(const Call& call) {
  Selection selection;
  Answer<LabelSelector> labels = ParseLabelSelector(call.query.Get("labelSelector"));
  if (!labels) return labels.error();
  selection.labels = *std::move(labels);
  Answer<FieldSelector> fields =
      ParseFieldSelector(call.resource, call.query.Get("fieldSelector"), call.options.profile);
  if (!fields) return fields.error();
  selection.fields = *std::move(fields);
  if (call.route.name.empty()) return selection;
  if (selection.fields.empty()) {
    selection.fields.requirements.push_back({"metadata.name", call.route.name, true});
  } else if (selection.fields.Name() != call.route.name) {
    return BadRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return selection;
}

// Control characters cannot be printed; of others only ASCII is judged.
void CheckPrintable(std::string_view manager, std::vector<Cause>* causes) {
  for (std::size_t i = 0; i < manager.size(); ++i) {
    const auto byte = static_cast<unsigned char>(manager[i]);
    if (byte >= 0x20 && byte != 0x7f) continue;
    causes->push_back({"FieldValueInvalid",
                       fmt::format("Invalid value: {}: invalid character U+{:04X} (at position {})",
                                   Quoted(manager), byte, i),
                       "fieldManager"});
  }
}

std::string GoStrings(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", value);
  }
  return "[]string{" + text + "}";
}

}  // namespace

Answer<std::optional<std::int64_t>> IntParameter(const Query& query, std::string_view name) {
  if (!query.Has(name)) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const std::string_view text = query.Get(name);
  if (std::string trouble = ParseTrouble(text, &value); !trouble.empty()) {
    return BadRequest(std::move(trouble));
  }
  return std::optional<std::int64_t>(value);
}

std::vector<Cause> CheckDryRun(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value == "All") continue;
    return {{"FieldValueNotSupported",
             fmt::format("Unsupported value: {}: supported values: \"All\"", GoStrings(values)),
             "dryRun"}};
  }
  return {};
}

std::vector<Cause> CheckDeleteOptions(const json::object& options) {
  std::vector<Cause> causes;
  const json::value* found = Find(options, {"propagationPolicy"});
  if (found != nullptr && !found->is_null()) {
    const std::string_view propagation = GetString(options, {"propagationPolicy"});
    if (Find(options, {"orphanDependents"}) != nullptr) {
      causes.push_back({"FieldValueInvalid",
                        fmt::format("Invalid value: \"{}\": orphanDependents and "
                                    "deletionPropagation cannot be both set",
                                    propagation),
                        "propagationPolicy"});
    }
    if (propagation != "Orphan" && propagation != "Background" && propagation != "Foreground") {
      causes.push_back({"FieldValueNotSupported",
                        fmt::format("Unsupported value: \"{}\": supported values: "
                                    "\"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                                    propagation),
                        "propagationPolicy"});
    }
  }
  std::vector<std::string> dry_run;
  if (const json::array* list = FindArray(options, {"dryRun"})) {
    for (const json::value& value : *list) dry_run.emplace_back(TextOf(value));
  }
  for (Cause& cause : CheckDryRun(dry_run)) causes.push_back(std::move(cause));
  return causes;
}

Answer<WriteOptions> ReadWriteOptions(const Call& call, std::string_view kind) {
  WriteOptions options;
  const std::vector<std::string> dry_run = call.query.All("dryRun");
  std::vector<Cause> causes;
  options.field_manager = std::string(call.query.Get("fieldManager"));
  if (options.field_manager.size() > kMaxFieldManager) {
    causes.push_back({"FieldValueTooLong",
                      call.Is120() ? "Too long: must have at most 128 bytes"
                                   : "Too long: may not be more than 128 bytes",
                      "fieldManager"});
  }
  CheckPrintable(options.field_manager, &causes);
  for (Cause& cause : CheckDryRun(dry_run)) causes.push_back(std::move(cause));
  if (!causes.empty()) return InvalidOptions(kind, std::move(causes));
  options.dry_run = !dry_run.empty();
  return options;
}

Answer<IncludeObject> ReadIncludeObject(const Query& query) {
  const std::string_view text = query.Get("includeObject");
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "None") return IncludeObject::kNone;
  if (text == "Object") return IncludeObject::kObject;
  return BadRequest(
      fmt::format("Unable to convert to Table as requested: includeObject: Invalid value: \"{}\": "
                  "must be 'Metadata', 'Object', 'None', or empty",
                  text));
}

Answer<ListOptions> ReadListOptions(const Call& call) {
  const Answer<std::optional<std::int64_t>> timeout = IntParameter(call.query, "timeoutSeconds");
  if (!timeout) return timeout.error();
  const Answer<std::optional<std::int64_t>> limit = IntParameter(call.query, "limit");
  if (!limit) return limit.error();
  if (!call.Is120() && call.query.Has("sendInitialEvents")) {
    return InvalidOptions("ListOptions", {{"FieldValueForbidden",
                                           "Forbidden: sendInitialEvents is forbidden for list",
                                           "sendInitialEvents"}});
  }
  ListOptions options;
  options.ns = call.Namespace();
  options.limit = std::max<std::int64_t>(limit->value_or(0), 0);
  options.continue_token = std::string(call.query.Get("continue"));
  options.resource_version = std::string(call.query.Get("resourceVersion"));
  options.resource_version_match = std::string(call.query.Get("resourceVersionMatch"));
  // Labels that cannot be read come first, fields that the kind does not have last.
  const Answer<LabelSelector> labels = ParseLabelSelector(call.query.Get("labelSelector"));
  if (!labels) return labels.error();
  if (std::vector<Cause> causes = CheckVersionMatch(options); !causes.empty()) {
    return InvalidOptions("ListOptions", std::move(causes));
  }
  Answer<Selection> selection = ReadSelection(call);
  if (!selection) return selection.error();
  options.labels = std::move(selection->labels);
  options.fields = std::move(selection->fields);
  return options;
}

Answer<WatchOptions> ReadWatchOptions(const Call& call) {
  const Answer<std::optional<std::int64_t>> timeout = IntParameter(call.query, "timeoutSeconds");
  if (!timeout) return timeout.error();
  const Answer<std::optional<std::int64_t>> limit = IntParameter(call.query, "limit");
  if (!limit) return limit.error();
  Answer<Selection> selection = ReadSelection(call);
  if (!selection) return selection.error();
  WatchOptions options;
  options.ns = call.Namespace();
  options.labels = std::move(selection->labels);
  options.fields = std::move(selection->fields);
  options.resource_version = std::string(call.query.Get("resourceVersion"));
  options.resource_version_match = std::string(call.query.Get("resourceVersionMatch"));
  options.bookmarks = call.query.Bool("allowWatchBookmarks");
  options.send_initial_events = !call.Is120() && call.query.Bool("sendInitialEvents");
  options.timeout_s = timeout->value_or(0);
  return options;
}

}  // namespace fairlead::apiserver
