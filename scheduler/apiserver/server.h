// The inside of ApiServer: one request on its way through authorization, its verb and its answer.
// Each verb is a function from a Call to a Response; none of them keeps anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/api.h"
#include "scheduler/apiserver/auth.h"
#include "scheduler/apiserver/negotiate.h"
#include "scheduler/apiserver/route.h"
#include "scheduler/apiserver/table.h"

namespace fairlead::apiserver {

struct Call {
  Api& api;
  const ApiServerOptions& options;
  const Request& request;
  const Route& route;
  const Query& query;
  const Resource& resource;

  std::string Namespace() const { return resource.namespaced ? route.ns : std::string(); }
  ObjectName Name() const { return {Namespace(), route.name}; }
  bool Is120() const { return options.profile == Profile::k120; }
};

// The verbs.
Response HandleGet(const Call& call);
Response HandleList(const Call& call);  // and watch
Response HandleCreate(const Call& call);
Response HandleUpdate(const Call& call);
Response HandlePatch(const Call& call);
Response HandleDelete(const Call& call);
Response HandleDeleteCollection(const Call& call);
Response HandleBinding(const Call& call);  // pods/NAME/binding and /bindings
Response HandleEviction(const Call& call);
// Logs, exec and the like, which a simulated pod does not have.
Response RefuseSimulated(const Call& call);

// Answers.
Response SendError(const Request& request, const ApiError& error);
Response SendVersion(const Call& call, const Output& output, int status, const Version& version);
Response SendPage(const Call& call, const Output& output, const ListPage& page);
Response SendStatus(Media media, int status, const json::object& object);
json::object SuccessStatus();

Answer<Output> OutputOf(const Call& call, bool stream = false);

// Bodies. What the object must be: of built-in kinds what the body leaves out is taken from here.
struct Expected {
  std::string group, version, kind;
  const Message* schema = nullptr;
  bool custom = false;
  bool prune = true;  // not where the verb does so itself
};
Expected ExpectedOf(const Resource& resource);
// The object of the body, with kind and apiVersion and, if asked for, pruned. 400, 413, 415.
Answer<json::object> DecodeBody(const Call& call, const Expected& expected);
std::optional<ApiError> CheckSize(const Call& call);
// Options of a DELETE from its body or, without one, its query.
Answer<DeleteOptions> DecodeDeleteOptions(const Call& call, bool* cascade);
// What Go's decoder says about a text that is not JSON.
std::string JsonTrouble(std::string_view text);

// Parameters.
Answer<WriteOptions> ReadWriteOptions(const Call& call, std::string_view kind);
std::vector<Cause> CheckDryRun(const std::vector<std::string>& values);
// None: the parameter is absent. 400 in the words of Go's parser.
Answer<std::optional<std::int64_t>> IntParameter(const Query& query, std::string_view name);
Answer<ListOptions> ReadListOptions(const Call& call);
Answer<WatchOptions> ReadWatchOptions(const Call& call);
Answer<IncludeObject> ReadIncludeObject(const Query& query);

}  // namespace fairlead::apiserver
