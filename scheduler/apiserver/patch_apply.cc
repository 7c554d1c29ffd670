// Server-side apply: who owns which field, conflicts, and fields that are given up.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "scheduler/apiserver/patch.h"
#include "scheduler/apiserver/patch_fields.h"

namespace fairlead::apiserver {
namespace {

// Nobody owns what names the object or is set by the server.
constexpr auto kServerMetadata = std::to_array<std::string_view>(
    {"f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:clusterName",
     "f:generation", "f:managedFields", "f:resourceVersion"});

struct Owner {
  std::string manager;
  std::string time;
  std::string api_version;
  FieldSet fields;
};

struct Owners {
  std::vector<Owner> appliers;
  json::array others;  // entries of operation Update, kept as they are

  Owner* Find(std::string_view manager) {
    const auto at = std::find_if(appliers.begin(), appliers.end(),
                                 [&](const Owner& owner) { return owner.manager == manager; });
    return at == appliers.end() ? nullptr : &*at;
  }
};

Owners ReadOwners(const json::object& object) {
  Owners owners;
  const json::array* entries = FindArray(object, {"metadata", "managedFields"});
  for (std::size_t i = 0; entries != nullptr && i < entries->size(); ++i) {
    const json::object* entry = (*entries)[i].if_object();
    if (entry == nullptr) continue;
    const json::object* fields = FindObject(*entry, {"fieldsV1"});
    if (GetString(*entry, {"operation"}) != "Apply" || fields == nullptr) {
      owners.others.push_back(*entry);
      continue;
    }
    Owner owner;
    owner.manager = GetString(*entry, {"manager"});
    owner.time = GetString(*entry, {"time"});
    owner.api_version = GetString(*entry, {"apiVersion"});
    owner.fields = FieldsFromJson(*fields);
    owner.fields.self = false;
    owners.appliers.push_back(std::move(owner));
  }
  return owners;
}

void WriteOwners(Owners owners, json::object* object) {
  std::sort(owners.appliers.begin(), owners.appliers.end(), [](const Owner& a, const Owner& b) {
    return std::tie(a.time, a.manager) < std::tie(b.time, b.manager);
  });
  json::array entries;
  for (const Owner& owner : owners.appliers) {
    if (owner.fields.empty()) continue;
    json::object entry;
    entry["manager"] = Str(owner.manager);
    entry["operation"] = "Apply";
    entry["apiVersion"] = Str(owner.api_version);
    entry["time"] = Str(owner.time);
    entry["fieldsType"] = "FieldsV1";
    entry["fieldsV1"] = FieldsToJson(owner.fields);
    entries.push_back(std::move(entry));
  }
  for (const json::value& entry : owners.others) entries.push_back(entry);
  Erase(object, {"metadata", "managedFields"});
  if (!entries.empty()) At(object, {"metadata", "managedFields"}) = std::move(entries);
}

void DropServerFields(FieldSet* set) {
  set->children.erase("f:apiVersion");
  set->children.erase("f:kind");
  const auto metadata = set->children.find("f:metadata");
  if (metadata == set->children.end()) return;
  metadata->second.self = false;
  for (const std::string_view name : kServerMetadata) {
    metadata->second.children.erase(std::string(name));
  }
  if (metadata->second.empty()) set->children.erase(metadata);
}

struct Conflicting {
  std::string manager;
  std::vector<std::string> path;
};

// Finds members of a set whose value the apply would change. Members are told before what is below
// their siblings, as the real server does.
class ConflictWalk {
 public:
  ConflictWalk(std::string manager, std::vector<Conflicting>* found)
      : manager_(std::move(manager)), found_(found) {}

  void Visit(const FieldSet& set, const ValueShape& shape, json::value* live, json::value* merged) {
    for (const auto& [name, child] : set.children) {
      if (!child.self) continue;
      const json::value* was = FindChild(shape, name, live);
      const json::value* now = FindChild(shape, name, merged);
      if (now == nullptr || (was != nullptr && *was == *now)) continue;
      const ValueShape::Form form = ChildShape(shape, name).FormOf(*now);
      const bool leaf = form == ValueShape::Form::kScalar || form == ValueShape::Form::kAtomic;
      if (!leaf && was != nullptr && was->kind() == now->kind()) continue;
      path_.push_back(name);
      found_->push_back({manager_, path_});
      path_.pop_back();
    }
    for (const auto& [name, child] : set.children) {
      if (child.children.empty()) continue;
      path_.push_back(name);
      Visit(child, ChildShape(shape, name), FindChild(shape, name, live),
            FindChild(shape, name, merged));
      path_.pop_back();
    }
  }

 private:
  std::string manager_;
  std::vector<Conflicting>* found_;
  std::vector<std::string> path_;
};

ApiError ConflictError(const std::vector<Conflicting>& conflicts) {
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  for (const Conflicting& conflict : conflicts) {
    error.causes.push_back({"FieldManagerConflict",
                            fmt::format("conflict with \"{}\"", conflict.manager),
                            PathText(conflict.path)});
  }
  if (conflicts.size() == 1) {
    error.message = fmt::format("Apply failed with 1 conflict: {}: {}", error.causes[0].message,
                                error.causes[0].field);
    return error;
  }
  std::set<std::string_view> managers;
  for (const Conflicting& conflict : conflicts) managers.insert(conflict.manager);
  std::string list;
  for (const std::string_view manager : managers) {
    list += fmt::format("{}conflicts with \"{}\":", list.empty() ? "" : "\n", manager);
    for (const Conflicting& conflict : conflicts) {
      if (conflict.manager == manager) list += "\n- " + PathText(conflict.path);
    }
  }
  error.message = fmt::format("Apply failed with {} conflicts: {}", conflicts.size(), list);
  return error;
}

const FieldSet* ChildSet(const FieldSet* set, const std::string& name) {
  if (set == nullptr) return nullptr;
  const auto at = set->children.find(name);
  return at == set->children.end() ? nullptr : &at->second;
}

bool IsHollow(const json::value& value) {
  return (value.is_object() && value.get_object().empty()) ||
         (value.is_array() && value.get_array().empty());
}

// Removes what `last` has and nobody in `keep` (null: nothing) wants.
void RemoveGivenUp(const FieldSet& last, const FieldSet* keep, const ValueShape& shape,
                   json::value* value) {
  for (const auto& [name, child] : last.children) {
    json::value* part = FindChild(shape, name, value);
    if (part == nullptr) continue;
    const FieldSet* kept = ChildSet(keep, name);
    if (child.self && kept == nullptr) {
      EraseChild(shape, name, value);
      continue;
    }
    RemoveGivenUp(child, kept, ChildShape(shape, name), part);
    if (kept == nullptr && IsHollow(*part)) EraseChild(shape, name, value);
  }
}

void RemovePath(const std::vector<std::string>& path, std::size_t at, FieldSet* set) {
  if (at == path.size()) {
    set->self = false;
    return;
  }
  const auto child = set->children.find(path[at]);
  if (child != set->children.end()) RemovePath(path, at + 1, &child->second);
}

// Members whose value was there and is gone have no owner. What was not stored at all, such as an
// empty list, stays owned.
void RemoveAbsent(const ValueShape& shape, json::value* live, json::value* value, FieldSet* set) {
  for (auto& [name, child] : set->children) {
    json::value* was = FindChild(shape, name, live);
    json::value* part = FindChild(shape, name, value);
    if (was == nullptr) continue;
    if (part == nullptr) {
      child = FieldSet();
    } else {
      RemoveAbsent(ChildShape(shape, name), was, part, &child);
    }
  }
}

std::optional<ApiError> CheckConfig(const Resource& resource, const json::object& config) {
  if (Find(config, {"metadata", "managedFields"}) != nullptr) {
    return BadRequest("metadata.managedFields must be nil");
  }
  const std::string_view version = GetString(config, {"apiVersion"});
  if (version != resource.ApiVersion()) {
    return BadRequest(fmt::format(
        "Incorrect version specified in apply patch. Specified patch version: {}, expected: {}",
        version, resource.ApiVersion()));
  }
  const std::string_view kind = GetString(config, {"kind"});
  if (kind == resource.kind) return std::nullopt;
  ApiError error;
  error.message = kind.empty()
                      ? fmt::format(
                            "failed to create typed patch object: no corresponding type for {}/{}, "
                            "Kind=",
                            resource.group, resource.version)
                      : "failed to merge config: expected objects of the same type";
  return error;
}

ApiError NotTyped(const std::vector<std::string>& errors) {
  ApiError error;
  error.message = "failed to create typed patch object: ";
  if (errors.size() == 1) {
    error.message += errors[0];
  } else {
    error.message += fmt::format("errors:\n  {}", fmt::join(errors, "\n  "));
  }
  return error;
}

// What a conflict costs the others if it is forced, and what they no longer can own.
void TakeFromOthers(const std::vector<Conflicting>& conflicts, const ValueShape& shape,
                    json::value* live, json::value* result, Owners* owners) {
  for (const Conflicting& conflict : conflicts) {
    if (Owner* owner = owners->Find(conflict.manager)) RemovePath(conflict.path, 0, &owner->fields);
  }
  for (Owner& owner : owners->appliers) {
    RemoveAbsent(shape, live, result, &owner.fields);
    Trim(&owner.fields);
  }
}

}  // namespace

Answer<json::object> ServerSideApply(const Resource& resource, const json::object& object,
                                     const json::object& patch, const ApplyOptions& options) {
  if (std::optional<ApiError> error = CheckConfig(resource, patch)) return *error;
  std::vector<std::string> errors;
  FieldSet fields = FieldsOf(patch, resource.schema, &errors);
  if (!errors.empty()) return NotTyped(errors);
  DropServerFields(&fields);

  const ValueShape shape{.message = resource.schema};
  Owners owners = ReadOwners(object);
  json::value live = object;
  Erase(&live.get_object(), {"metadata", "managedFields"});
  json::value result = MergeByShape(shape, live, patch);

  FieldSet last;
  FieldSet keep = fields;
  for (const Owner& owner : owners.appliers) {
    if (owner.manager == options.manager) {
      last = owner.fields;
    } else {
      AddAll(owner.fields, &keep);
    }
  }
  RemoveGivenUp(last, &keep, shape, &result);

  std::vector<Conflicting> conflicts;
  for (const Owner& owner : owners.appliers) {
    if (owner.manager == options.manager) continue;
    ConflictWalk(owner.manager, &conflicts).Visit(owner.fields, shape, &live, &result);
  }
  if (!conflicts.empty() && !options.force) return ConflictError(conflicts);
  TakeFromOthers(conflicts, shape, &live, &result, &owners);

  Owner* mine = owners.Find(options.manager);
  if (mine == nullptr) mine = &owners.appliers.emplace_back(Owner{options.manager, {}, {}, {}});
  const bool same = result == live && fields == last && !mine->time.empty();
  if (!same) mine->time = FormatInstant({options.now.ns - options.now.ns % 1'000'000'000});
  mine->api_version = resource.ApiVersion();
  mine->fields = std::move(fields);
  WriteOwners(std::move(owners), &result.get_object());
  return std::move(result.get_object());
}

}  // namespace fairlead::apiserver
