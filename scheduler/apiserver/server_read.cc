// GET of one object, lists, and watches.
#include <fmt/format.h>

#include "scheduler/apiserver/frames.h"
#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

Response StartWatch(const Call& call, const Output& output) {
  const Answer<Output> stream = OutputOf(call, true);
  if (!stream) return SendError(call.request, stream.error());
  Answer<WatchOptions> options = ReadWatchOptions(call);
  if (!options) return SendError(call.request, options.error());
  const Answer<IncludeObject> include = ReadIncludeObject(call.query);
  if (!include) return SendError(call.request, include.error());
  auto writer = MakeFrameWriter(call.resource, {output, *include}, &call.api);
  Answer<std::shared_ptr<WatchStream>> watch =
      call.api.Watch(call.resource, *options, std::move(writer));
  if (!watch) return SendError(call.request, watch.error());
  Response response;
  response.content_type = ContentType(output.media, true);
  response.watch = *std::move(watch);
  return response;
}

}  // namespace

Response HandleGet(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<Done> fresh = call.api.CheckFresh(call.query.Get("resourceVersion"));
  if (!fresh) {
    ApiError error = fresh.error();
    if (call.resource.storage == "events") {  // read where they are stored, not from a copy
      if (error.code == 500) error = BadRequest("invalid resource version: " + error.message);
      error.retry_after_s = 0;
    }
    return SendError(call.request, error);
  }
  const Answer<VersionPtr> version = call.api.Get(call.resource, call.Name());
  if (!version) return SendError(call.request, version.error());
  return SendVersion(call, *output, 200, **version);
}

Response HandleList(const Call& call) {
  const bool watch = call.route.watch_prefix || call.query.Bool("watch");
  const Answer<Output> output = OutputOf(call, watch);
  if (!output) return SendError(call.request, output.error());
  if (watch) return StartWatch(call, *output);
  const Answer<ListOptions> options = ReadListOptions(call);
  if (!options) return SendError(call.request, options.error());
  const Answer<ListPage> page = call.api.List(call.resource, *options);
  if (!page) return SendError(call.request, page.error());
  return SendPage(call, *output, *page);
}

Response RefuseSimulated(const Call& call) {
  const Answer<VersionPtr> pod = call.api.Get(call.resource, call.Name());
  if (!pod) return SendError(call.request, pod.error());
  const std::string& what = call.route.subresource;
  return SendError(
      call.request,
      BadRequest(what == "log" ? fmt::format("pod {} is simulated: it runs no containers and "
                                             "has no logs",
                                             call.route.name)
                               : fmt::format("pod {} is simulated: it runs no containers, so "
                                             "there is no {}",
                                             call.route.name, what)));
}

}  // namespace fairlead::apiserver
