// The rules of metadata that hold for every kind; declared in api_steps.h.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

json::object& MetadataOf(json::object* object) { return ObjectAt(object, {"metadata"}); }

// Makes a field what it was, absent if it was.
void Restore(const json::object& old, std::string_view field, json::object* meta) {
  const json::value* was = Find(old, {"metadata", field});
  if (was == nullptr) {
    meta->erase(json::string_view(field.data(), field.size()));
  } else {
    At(meta, {field}) = *was;
  }
}

bool Contains(const json::array& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(), [text](const json::value& entry) {
    const json::string* name = entry.if_string();
    return name != nullptr && std::string_view(name->data(), name->size()) == text;
  });
}

// A time as Go prints it.
std::string GoTime(std::string_view rfc3339) {
  std::string text(rfc3339);
  if (text.size() > 10 && text[10] == 'T') text[10] = ' ';
  if (!text.empty() && text.back() == 'Z') text.replace(text.size() - 1, 1, " +0000 UTC");
  return text;
}

Cause Immutable(const std::string& value, std::string field) {
  return {"FieldValueInvalid", "Invalid value: " + value + ": field is immutable",
          std::move(field)};
}

void CheckNewFinalizers(const json::object& old, const json::object& object,
                        std::vector<Cause>* causes) {
  if (GetString(old, {"metadata", "deletionTimestamp"}).empty()) return;
  const json::array* now = FindArray(object, {"metadata", "finalizers"});
  if (now == nullptr) return;
  const json::array* before = FindArray(old, {"metadata", "finalizers"});
  std::vector<std::string> added;
  for (const json::value& entry : *now) {
    const json::string* name = entry.if_string();
    if (name == nullptr) continue;
    const std::string_view text(name->data(), name->size());
    if (before == nullptr || !Contains(*before, text)) added.push_back(fmt::format("\"{}\"", text));
  }
  if (added.empty()) return;
  std::sort(added.begin(), added.end());
  causes->push_back({"FieldValueForbidden",
                     fmt::format("Forbidden: no new finalizers can be added if the object is being "
                                 "deleted, found new finalizers []string{{{}}}",
                                 fmt::join(added, ", ")),
                     "metadata.finalizers"});
}

}  // namespace

std::vector<Cause> ApplyMetadataRules(const json::object& old, bool keeps_managed_fields,
                                      json::object* object) {
  json::object& meta = MetadataOf(object);
  meta.erase("selfLink");
  meta.erase("clusterName");
  Restore(old, "generation", &meta);
  Restore(old, "creationTimestamp", &meta);
  if (!keeps_managed_fields) Restore(old, "managedFields", &meta);
  if (GetString(meta, {"uid"}).empty()) Restore(old, "uid", &meta);
  if (!GetString(old, {"metadata", "deletionTimestamp"}).empty()) {
    Restore(old, "deletionTimestamp", &meta);
  }
  if (Find(meta, {"deletionGracePeriodSeconds"}) == nullptr) {
    Restore(old, "deletionGracePeriodSeconds", &meta);
  }

  std::vector<Cause> causes;
  CheckNewFinalizers(old, *object, &causes);
  const std::string_view uid = GetString(meta, {"uid"});
  if (uid != GetString(old, {"metadata", "uid"})) {
    causes.push_back(Immutable(fmt::format("\"{}\"", uid), "metadata.uid"));
  }
  const std::string_view deletion = GetString(meta, {"deletionTimestamp"});
  if (deletion != GetString(old, {"metadata", "deletionTimestamp"})) {
    causes.push_back(Immutable(GoTime(deletion), "metadata.deletionTimestamp"));
  }
  const json::value* grace = Find(meta, {"deletionGracePeriodSeconds"});
  const json::value* old_grace = Find(old, {"metadata", "deletionGracePeriodSeconds"});
  if (grace != nullptr && (old_grace == nullptr || !(*grace == *old_grace))) {
    causes.push_back(Immutable(std::to_string(GetInt(meta, {"deletionGracePeriodSeconds"}, 0)),
                               "metadata.deletionGracePeriodSeconds"));
  }
  return causes;
}

void ResetMetadata(bool keeps_managed_fields, json::object* object) {
  json::object& meta = MetadataOf(object);
  for (const char* field : {"selfLink", "clusterName", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "uid", "creationTimestamp"}) {
    meta.erase(field);
  }
  if (!keeps_managed_fields) meta.erase("managedFields");
}

bool HasFinalizers(const json::object& object) {
  const json::array* finalizers = FindArray(object, {"metadata", "finalizers"});
  return finalizers != nullptr && !finalizers->empty();
}

bool EndsDeletion(const Resource& resource, const json::object& old, const json::object& object) {
  if (GetString(old, {"metadata", "deletionTimestamp"}).empty() || HasFinalizers(object)) {
    return false;
  }
  if (GetInt(old, {"metadata", "deletionGracePeriodSeconds"}, 0) != 0) return false;
  if (resource.storage != "namespaces") return true;
  const json::array* holds = FindArray(object, {"spec", "finalizers"});
  return holds == nullptr || holds->empty();
}

}  // namespace fairlead::apiserver
