// Lists: in the order of (namespace, name), in pages that show one revision, at an older revision
// as long as the history goes back to it.
//
// An older state is not kept anywhere: it is today's table with the changes since then undone. The
// undone entries are an overlay, so a page costs what lies between its first object and its end,
// plus the changes since its revision.
//
// A continue token has the form that etcd-backed servers give (revision and first key, base64).
#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kTokenVersion = "meta.k8s.io/v1";

std::string ToBase64Url(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) {
      out += kDigits[(bits >> static_cast<unsigned>(held - 6)) & 63U];
    }
  }
  if (held > 0) out += kDigits[(bits << static_cast<unsigned>(6 - held)) & 63U];
  return out;
}

// False: not base64; `*at` is then the offset of the first byte that is none.
bool FromBase64Url(std::string_view text, std::string* out, std::size_t* at) {
  std::uint32_t bits = 0;
  int held = 0;
  for (*at = 0; *at < text.size(); ++*at) {
    const char c = text[*at];
    std::uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<std::uint32_t>(c - 'a') + 26U;
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0') + 52U;
    } else if (c == '-' || c == '_') {
      digit = c == '-' ? 62U : 63U;
    } else {
      return false;
    }
    bits = (bits << 6U) | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *out += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
  }
  return held < 6;
}

// Where a page starts: after this key, at this revision (-1: the newest).
struct Token {
  std::int64_t revision = 0;
  std::string start;  // "name\0", or "namespace/name\0" in a list over all namespaces
};

std::string EncodeToken(const Token& token) {
  json::object object;
  object["v"] = Str(kTokenVersion);
  object["rv"] = token.revision;
  object["start"] = Str(token.start);
  return ToBase64Url(json::serialize(object));
}

Answer<Token> DecodeToken(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return BadRequest(fmt::format("invalid continue token: continue key is not valid: {}", why));
  };
  std::string decoded;
  std::size_t at = 0;
  if (!FromBase64Url(text, &decoded, &at)) {
    return bad(fmt::format("illegal base64 data at input byte {}", at));
  }
  json::value value;
  std::string why;
  if (!ParseJson(decoded, &value, &why)) return bad(why);
  const json::object* object = value.if_object();
  if (object == nullptr) return bad("not an object");
  const std::string_view version = GetString(*object, {"v"});
  if (version != kTokenVersion) {
    return bad(fmt::format("server does not recognize this encoded version \"{}\"", version));
  }
  Token token{GetInt(*object, {"rv"}, 0), std::string(GetString(*object, {"start"}))};
  if (token.revision == 0) {
    return bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (token.start.empty()) return bad("encoded start key empty (version meta.k8s.io/v1)");
  const std::string slashed = "/" + token.start;
  if (slashed.find("/../") != std::string::npos || slashed.find("//") != std::string::npos ||
      slashed.find("/./") != std::string::npos) {
    return bad(token.start);
  }
  return token;
}

// What of a list's options decides about where it reads.
struct Plan {
  std::int64_t limit = 0;
  std::uint64_t revision = 0;  // that is read
  std::string start;           // of a token
};

Answer<Plan> PlanFromToken(const Store& store, const ListOptions& options, std::uint64_t asked) {
  const Answer<Token> token = DecodeToken(options.continue_token);
  if (!token) return token.error();
  if (asked != 0) {
    return BadRequest("specifying resource version is not allowed when using continue");
  }
  Plan plan{options.limit, store.revision(), token->start};
  if (token->revision > 0) plan.revision = static_cast<std::uint64_t>(token->revision);
  if (plan.revision < store.oldest()) {
    return Expired(
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter.");
  }
  return plan;
}

Answer<Plan> MakePlan(const Store& store, const Resource& resource, const ListOptions& options) {
  std::vector<Cause> causes = CheckVersionMatch(options);
  if (!causes.empty()) return InvalidOptions("ListOptions", std::move(causes));
  const bool exact = options.resource_version_match == "Exact";
  const bool pages = options.limit > 0 && options.resource_version != "0";
  // Events are always read where they are stored.
  const bool cached = !options.resource_version.empty() && options.continue_token.empty() &&
                      !pages && !exact && resource.storage != "events";
  const Answer<std::uint64_t> asked = ParseResourceVersion(options.resource_version);
  if (!asked) {
    if (cached) return asked.error();
    return BadRequest("invalid resource version: " + asked.error().message);
  }
  if (!options.continue_token.empty()) {
    Answer<Plan> plan = PlanFromToken(store, options, *asked);
    if (plan && plan->revision > store.revision()) {
      return Unforeseen("etcdserver: mvcc: required revision is a future revision");
    }
    return plan;
  }
  // What the real server reads from its cache has no pages.
  Plan plan{cached ? 0 : options.limit, store.revision(), ""};
  const bool fixed = exact || (pages && options.resource_version_match.empty() && *asked > 0);
  if (fixed) {
    if (*asked > store.revision()) {
      return Unforeseen("etcdserver: mvcc: required revision is a future revision");
    }
    if (*asked < store.oldest()) {
      return Expired("The resourceVersion for the provided list is too old.");
    }
    plan.revision = *asked;
  } else if (*asked > store.revision()) {
    return TooLargeResourceVersion(*asked, store.revision(), cached ? 1 : 0);
  }
  return plan;
}

ObjectKey KeyOf(const json::object& object) {
  return {std::string(GetString(object, {"metadata", "namespace"})),
          std::string(GetString(object, {"metadata", "name"}))};
}

// What differed at `revision` from today: the version that was there, or null where there was none.
Store::Table UndoneSince(const Store& store, std::string_view storage, std::uint64_t revision) {
  Store::Table undone;
  const auto& changes = store.changes();
  for (std::size_t i = store.Position(revision); i < changes.size(); ++i) {
    const Change& change = changes[i];
    // The first change after the revision has what was there before it; later ones do not matter.
    if (change.storage == storage) undone.try_emplace(KeyOf(change.now->object), change.before);
  }
  return undone;
}

// Walks a table as it was: today's entries and the undone ones merged in order.
class Cursor {
 public:
  Cursor(const Store::Table& table, Store::Table undone, const ObjectKey& from)
      : undone_(std::move(undone)),
        at_(table.lower_bound(from)),
        end_(table.end()),
        old_(undone_.lower_bound(from)) {
    Settle();
  }

  bool done() const { return key_ == nullptr; }
  const ObjectKey& key() const { return *key_; }
  const VersionPtr& version() const { return *version_; }
  void Next() {
    Step();
    Settle();
  }

 private:
  // Moves past the current key.
  void Step() {
    const ObjectKey key = *key_;
    if (at_ != end_ && at_->first == key) ++at_;
    if (old_ != undone_.end() && old_->first == key) ++old_;
  }
  // Skips keys that did not exist then.
  void Settle() {
    for (;;) {
      key_ = nullptr;
      if (at_ == end_ && old_ == undone_.end()) return;
      const bool undone = old_ != undone_.end() && (at_ == end_ || !(at_->first < old_->first));
      key_ = undone ? &old_->first : &at_->first;
      version_ = undone ? &old_->second : &at_->second;
      if (*version_ != nullptr) return;
      Step();
    }
  }

  Store::Table undone_;
  Store::Table::const_iterator at_, end_;
  Store::Table::const_iterator old_;
  const ObjectKey* key_ = nullptr;
  const VersionPtr* version_ = nullptr;
};

ObjectKey StartOf(const std::string& ns, const std::string& start) {
  if (start.empty() || !ns.empty()) return {ns, start};
  const std::size_t slash = start.find('/');
  if (slash == std::string::npos) return {"", start};
  return {start.substr(0, slash), start.substr(slash + 1)};
}

std::string TokenStart(const std::string& ns, const ObjectKey& last) {
  const std::string prefix = ns.empty() && !last.ns.empty() ? last.ns + "/" : "";
  return prefix + last.name + '\0';
}

bool Selected(const ListOptions& options, const json::object& object) {
  if (!options.labels.empty() &&
      !options.labels.Matches(FindObject(object, {"metadata", "labels"}))) {
    return false;
  }
  return options.fields.empty() || options.fields.Matches(object);
}

void FillPage(const Store::Table& table, Store::Table undone, const ListOptions& options,
              const Plan& plan, ListPage* page) {
  const bool unselected = options.labels.empty() && options.fields.empty();
  if (plan.limit <= 0 && options.ns.empty() && unselected) page->items.reserve(table.size());
  ObjectKey last;
  const auto inside = [&options](const Cursor& cursor) {
    return !cursor.done() && (options.ns.empty() || cursor.key().ns == options.ns);
  };
  Cursor cursor(table, std::move(undone), StartOf(options.ns, plan.start));
  for (; inside(cursor); cursor.Next()) {
    if (plan.limit > 0 && static_cast<std::int64_t>(page->items.size()) >= plan.limit) break;
    if (!unselected && !Selected(options, cursor.version()->object)) continue;
    page->items.push_back(cursor.version());
    if (plan.limit > 0) last = cursor.key();
  }
  if (!inside(cursor)) return;
  page->continue_token =
      EncodeToken({static_cast<std::int64_t>(plan.revision), TokenStart(options.ns, last)});
  if (!unselected) return;
  for (; inside(cursor); cursor.Next()) ++page->remaining;
}

}  // namespace

std::vector<Cause> CheckVersionMatch(const ListOptions& options) {
  std::vector<Cause> causes;
  const std::string& match = options.resource_version_match;
  const auto forbid = [&causes](std::string_view why) {
    causes.push_back(
        {"FieldValueForbidden", fmt::format("Forbidden: {}", why), "resourceVersionMatch"});
  };
  if (match.empty()) return causes;
  if (options.resource_version.empty()) {
    forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (!options.continue_token.empty()) {
    forbid("resourceVersionMatch is forbidden when continue is provided");
  }
  if (match != "Exact" && match != "NotOlderThan") {
    causes.push_back({"FieldValueNotSupported",
                      fmt::format("Unsupported value: \"{}\": supported values: \"Exact\", "
                                  "\"NotOlderThan\", \"\"",
                                  match),
                      "resourceVersionMatch"});
  }
  if (match == "Exact" && options.resource_version == "0") {
    forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  return causes;
}

Answer<ListPage> Api::List(const Resource& resource, const ListOptions& options) const {
  const Answer<Plan> plan = MakePlan(store_, resource, options);
  if (!plan) return plan.error();
  ListPage page;
  page.revision = plan->revision;
  ListOptions effective = options;
  if (!resource.namespaced) effective.ns.clear();
  Store::Table undone;
  if (plan->revision < store_.revision()) {
    undone = UndoneSince(store_, resource.storage, plan->revision);
  }
  const Store::Table& table = store_.table(resource.storage);
  const std::string_view name = options.fields.Name();
  if (name.empty() || (resource.namespaced && options.ns.empty())) {
    FillPage(table, std::move(undone), effective, *plan, &page);
    return page;
  }
  const ObjectKey key{effective.ns, std::string(name)};
  const auto old = undone.find(key);
  const auto now = table.find(key);
  VersionPtr found;
  if (old != undone.end()) {
    found = old->second;
  } else if (now != table.end()) {
    found = now->second;
  }
  if (found != nullptr && Selected(options, found->object)) page.items.push_back(std::move(found));
  return page;
}

}  // namespace fairlead::apiserver
