// Steps that the verbs of Api share: making values of the system (uids, names, times), the rules of
// metadata that hold for every kind, and the way to the store that a dry run leaves out.
//
// I1  With `dry_run` nothing is stored and no revision is used.
// I2  Metadata that belongs to the server (uid, creationTimestamp, generation, deletionTimestamp,
//     managedFields) comes out of ApplyMetadataRules as it is stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/admission.h"
#include "scheduler/apiserver/api.h"

namespace fairlead::apiserver {

// Which of the two ways an update came: they differ in how a foreign uid is answered and in who
// may write managedFields.
struct UpdateStyle {
  bool uid_is_precondition = true;    // PUT; a patch that changes the uid is invalid instead
  bool keeps_managed_fields = false;  // server-side apply
  bool dry_run = false;
};

class ApiSteps {
 public:
  explicit ApiSteps(Api* api) : api_(*api) {}

  std::string NewUid();
  // At most 63 characters: the base is cut.
  std::string NewName(std::string_view base);
  AdmissionContext Context(const Resource& resource) const;

  // Puts the object, or makes the version that a dry run answers with.
  VersionPtr Put(const Resource& resource, json::object object, bool dry_run,
                 std::uint64_t dry_revision);
  void Remove(const Resource& resource, const Version& version, bool dry_run);
  // Removes all objects of the kinds that a CustomResourceDefinition brought.
  void RemoveInstances(const json::object& crd);

  // What a client sent becomes what is kept of it: unknown fields go, kind and apiVersion are those
  // under which the kind is stored.
  std::optional<ApiError> Normalize(const Resource& resource, json::object* object) const;

  // The end of an update: version check, rules of metadata, admission, and the store. `object` is
  // normalized and carries the name and namespace of `old`.
  Answer<VersionPtr> Replace(const Resource& resource, const VersionPtr& old,
                             std::string_view subresource, json::object object,
                             const UpdateStyle& style);

 private:
  Api& api_;
};

// Text of a time as metadata has it: whole seconds.
std::string TimeText(Instant instant);
// An error without a reason, as the real server gives it for what it did not foresee.
ApiError Unforeseen(std::string message);
// A conflict that names the kind instead of the resource, as checks of preconditions do.
ApiError KindConflict(const Resource& resource, std::string_view name, std::string_view why);

bool AllowsUnconditionalUpdate(const Resource& resource);
bool AllowsCreateOnUpdate(const Resource& resource);

// Name and namespace of a body against those of the URL; fills in an empty namespace.
std::optional<ApiError> CheckNameAgainstUrl(const Resource& resource, const ObjectName& url,
                                            json::object* object);
// The answer to an update whose uid is not that of the stored object ("" where there is none).
struct UidPair {
  std::string_view given, stored;
};
ApiError UidConflict(const Resource& resource, const ObjectName& name, const UidPair& uids,
                     bool dry_run);

// "resourceVersion" of a request: unset is 0; error: not a number.
Answer<std::uint64_t> ParseResourceVersion(std::string_view text);
// A version that the server has not reached yet. `retry_after_s` 0: not said.
ApiError TooLargeResourceVersion(std::uint64_t asked, std::uint64_t current, int retry_after_s);
// Invalid options of a request, named by their kind ("ListOptions").
std::vector<Cause> CheckDeleteOptions(const json::object& options);
std::vector<Cause> CheckVersionMatch(const ListOptions& options);
ApiError InvalidOptions(std::string_view kind, std::vector<Cause> causes);

// Restores what clients cannot change and says what they tried to.
std::vector<Cause> ApplyMetadataRules(const json::object& old, bool keeps_managed_fields,
                                      json::object* object);
// Drops from the metadata of an object to be created what only the server sets.
void ResetMetadata(bool keeps_managed_fields, json::object* object);

bool HasFinalizers(const json::object& object);
// Whether an update that leaves `object` takes the last hold from an object that is being deleted.
bool EndsDeletion(const Resource& resource, const json::object& old, const json::object& object);

}  // namespace fairlead::apiserver
