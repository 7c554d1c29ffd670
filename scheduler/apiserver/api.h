// The verbs on objects. Every call is one atomic step on the store. HTTP requests (server.cc) and
// the controllers and kubelets of this module both come through here, so that the rules hold for
// both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/patch.h"
#include "scheduler/apiserver/resources.h"
#include "scheduler/apiserver/selectors.h"
#include "scheduler/apiserver/store.h"

namespace fairlead::apiserver {

struct ObjectName {
  std::string ns, name;
};

struct ListOptions {
  std::string ns;  // empty: all namespaces
  LabelSelector labels;
  FieldSelector fields;
  std::int64_t limit = 0;  // 0: no paging
  std::string continue_token;
  std::string resource_version, resource_version_match;
};

// Items are as they are stored: in the version of the API that resources().Stored() names.
struct ListPage {
  std::vector<VersionPtr> items;
  std::uint64_t revision = 0;
  std::string continue_token;  // empty: the last page
  std::int64_t remaining = 0;  // remainingItemCount, where there are no selectors
};

struct WatchOptions {
  std::string ns;
  LabelSelector labels;
  FieldSelector fields;
  std::string resource_version;
  std::string resource_version_match;
  bool bookmarks = false;
  bool send_initial_events = false;  // WatchList
  std::int64_t timeout_s = 0;        // 0: the server's choice
};

// How frames are written: JSON, protobuf, or Table rows. Made by server.cc.
class FrameWriter {
 public:
  virtual ~FrameWriter() = default;
  virtual void Object(std::string_view type, const Version& version, std::string* out) = 0;
  // An object that is not stored as such: a bookmark, or a selected object that left the selection
  // (`revision` is then that of the change).
  virtual void Bare(std::string_view type, const json::object& object, std::string* out) = 0;
};

struct WriteOptions {
  bool dry_run = false;
  std::string field_manager;
};

struct DeleteOptions {
  std::optional<std::int64_t> grace_period_s;
  std::string uid, resource_version;  // preconditions; empty: none
  std::string propagation;            // "Orphan", "Background", "Foreground"; empty: default
  bool dry_run = false;
};

struct DeleteResult {
  VersionPtr object;  // gone at once, or as it waits for its end
  bool gone = false;
};

class Api {
 public:
  Api(const ApiServerOptions& options, const Clock* clock);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  Store& store() { return store_; }
  const Resources& resources() const { return resources_; }
  Profile profile() const { return options_.profile; }
  Instant Now() const { return clock_->Now(); }

  Answer<VersionPtr> Get(const Resource& resource, const ObjectName& name) const;
  Answer<ListPage> List(const Resource& resource, const ListOptions& options) const;
  Answer<std::shared_ptr<WatchStream>> Watch(const Resource& resource, const WatchOptions& options,
                                             std::shared_ptr<FrameWriter> writer);

  Answer<VersionPtr> Create(const Resource& resource, const std::string& ns, json::object object,
                            const WriteOptions& options = {});
  // `subresource` "" or "status". Some kinds are created by an update of what is not there (leases,
  // events); `*created` says so then.
  Answer<VersionPtr> Update(const Resource& resource, const ObjectName& name,
                            std::string_view subresource, json::object object,
                            const WriteOptions& options = {}, bool* created = nullptr);
  struct PatchRequest {
    PatchKind kind = PatchKind::kMerge;
    json::value body;
    bool force = false;  // of kApply
  };
  // With kApply the object may not exist yet; `*created` says so then.
  Answer<VersionPtr> Patch(const Resource& resource, const ObjectName& name,
                           std::string_view subresource, const PatchRequest& patch,
                           const WriteOptions& options = {}, bool* created = nullptr);
  Answer<DeleteResult> Delete(const Resource& resource, const ObjectName& name,
                              const DeleteOptions& options = {});
  Answer<ListPage> DeleteCollection(const Resource& resource, const ListOptions& which,
                                    const DeleteOptions& options = {});
  Answer<Done> Bind(const ObjectName& pod, const json::object& binding, bool dry_run = false);
  Answer<Done> Evict(const ObjectName& pod, const json::object& eviction);

  // Of the namespace "finalize" subresource: replaces spec.finalizers.
  Answer<VersionPtr> Finalize(const std::string& ns, const json::object& object,
                              bool dry_run = false);

  // For a GET with resourceVersion: 504 if the server has not reached that version yet.
  Answer<Done> CheckFresh(std::string_view resource_version) const;

  // By kind, for callers inside: FAIRLEAD_CHECKs that it is served.
  const Resource& Of(std::string_view storage) const;

 private:
  friend class ApiSteps;  // the .cc files' shared steps
  ApiServerOptions options_;
  const Clock* clock_;
  Store store_;
  Resources resources_;
  std::mt19937_64 random_;
};

// Whether a DELETE that removed an object of this kind answers with its last state; others answer
// with a Status that has details.
bool AnswersWithDeleted(const Resource& resource);

}  // namespace fairlead::apiserver
