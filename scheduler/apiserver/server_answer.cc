// How verbs answer: objects, lists, tables and Status in the form that was asked for.
#include <deque>

#include "scheduler/apiserver/codec.h"
#include "scheduler/apiserver/frames.h"
#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

Response JsonAnswer(int status, const json::value& value) {
  Response response;
  response.status = status;
  response.body = json::serialize(value);
  response.body += '\n';
  return response;
}

Response ProtoAnswer(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = ContentType(Media::kProtobuf, false);
  response.body = std::move(body);
  return response;
}

std::string MetaApiVersion(const Output& output) { return "meta.k8s.io/" + output.meta_version; }

Response TableAnswer(const Call& call, const Output& output, int status,
                     const std::vector<const json::object*>& objects, const json::object& meta) {
  const Answer<IncludeObject> include = ReadIncludeObject(call.query);
  if (!include) return SendError(call.request, include.error());
  json::object table =
      TableOf(call.resource, objects, {*include, true, call.api.Now(), call.api.profile()});
  table["apiVersion"] = Str(MetaApiVersion(output));
  table["metadata"] = meta;
  return JsonAnswer(status, table);
}

// Lists of custom resources say that they are the last page, others leave it out.
json::object ListMeta(const ListPage& page, bool custom) {
  json::object meta;
  meta["resourceVersion"] = std::to_string(page.revision);
  if (custom || !page.continue_token.empty()) meta["continue"] = Str(page.continue_token);
  if (!page.continue_token.empty() && page.remaining > 0) {
    meta["remainingItemCount"] = page.remaining;
  }
  return meta;
}

// Put together from the texts of the items, which are kept with their versions.
Response JsonList(const Resource& resource, const ListPage& page, const json::object& meta) {
  Response response;
  std::string& body = response.body;
  body = "{\"kind\":\"" + resource.kind + "List\",\"apiVersion\":\"" + resource.ApiVersion() +
         "\",\"metadata\":" + json::serialize(meta) + ",\"items\":[";
  bool first = true;
  for (const VersionPtr& item : page.items) {
    if (!first) body += ',';
    first = false;
    AppendJsonItem(resource, *item, &body);
  }
  body += "]}\n";
  return response;
}

Response ProtoList(const Resource& resource, const ListPage& page, const json::object& meta) {
  std::deque<std::string> copies;
  std::vector<std::string_view> items;
  items.reserve(page.items.size());
  for (const VersionPtr& item : page.items) {
    copies.emplace_back();
    const Answer<UnknownView> view = ParseUnknown(ProtoText(resource, *item, &copies.back()));
    if (view) items.push_back(view->raw);
  }
  return ProtoAnswer(
      200, WrapUnknown(resource.ApiVersion(), resource.kind + "List", EncodeList(meta, items)));
}

Response MetadataList(const Output& output, const ListPage& page, const json::object& meta) {
  if (output.media == Media::kProtobuf) {
    std::deque<std::string> texts;
    std::vector<std::string_view> items;
    for (const VersionPtr& item : page.items) {
      texts.push_back(EncodeMessage(MetadataMessage(), item->object));
      items.push_back(texts.back());
    }
    return ProtoAnswer(200, WrapUnknown(MetaApiVersion(output), "PartialObjectMetadataList",
                                        EncodeList(meta, items)));
  }
  json::object list;
  list["kind"] = "PartialObjectMetadataList";
  list["apiVersion"] = Str(MetaApiVersion(output));
  list["metadata"] = meta;
  json::value& items = list["items"];
  if (!page.items.empty()) items.emplace_array();
  for (const VersionPtr& item : page.items) {
    items.get_array().emplace_back(MetadataOnly(item->object, output.meta_version));
  }
  return JsonAnswer(200, list);
}

}  // namespace

Response SendStatus(Media media, int status, const json::object& object) {
  const Message* message = media == Media::kProtobuf ? FindMessage("", "v1", "Status") : nullptr;
  if (message != nullptr) return ProtoAnswer(status, EncodeUnknown(*message, object));
  return JsonAnswer(status, object);
}

json::object SuccessStatus() {
  json::object status;
  status["kind"] = "Status";
  status["apiVersion"] = "v1";
  status["metadata"].emplace_object();
  status["status"] = "Success";
  return status;
}

Response SendError(const Request& request, const ApiError& error) {
  Response response = SendStatus(ErrorMedia(request.accept), error.code, error.ToStatus());
  if (error.retry_after_s > 0) response.retry_after_s = error.retry_after_s;
  return response;
}

Response SendVersion(const Call& call, const Output& output, int status, const Version& version) {
  switch (output.shape) {
    case Shape::kTable: {
      json::object meta;
      meta["resourceVersion"] = Str(GetString(version.object, {"metadata", "resourceVersion"}));
      return TableAnswer(call, output, status, {&version.object}, meta);
    }
    case Shape::kMetadata: {
      const json::object partial = MetadataOnly(version.object, output.meta_version);
      if (output.media == Media::kJson) return JsonAnswer(status, partial);
      return ProtoAnswer(status, EncodeUnknown(MetadataMessage(), partial));
    }
    case Shape::kMetadataList:
      return SendError(call.request,
                       NotAcceptable("you requested PartialObjectMetadataList, but the requested "
                                     "object is not a list"));
    case Shape::kObject:
      break;
  }
  if (output.media == Media::kProtobuf) {
    std::string scratch;
    return ProtoAnswer(status, std::string(ProtoText(call.resource, version, &scratch)));
  }
  Response response;
  response.status = status;
  AppendJson(call.resource, version, &response.body);
  response.body += '\n';
  return response;
}

Response SendPage(const Call& call, const Output& output, const ListPage& page) {
  const json::object meta = ListMeta(page, call.resource.custom && output.shape == Shape::kObject);
  switch (output.shape) {
    case Shape::kTable: {
      std::vector<const json::object*> objects;
      objects.reserve(page.items.size());
      for (const VersionPtr& item : page.items) objects.push_back(&item->object);
      return TableAnswer(call, output, 200, objects, meta);
    }
    case Shape::kMetadata:
      return SendError(call.request,
                       NotAcceptable("you requested PartialObjectMetadata, but the requested "
                                     "object is a list"));
    case Shape::kMetadataList:
      return MetadataList(output, page, meta);
    case Shape::kObject:
      break;
  }
  return output.media == Media::kProtobuf ? ProtoList(call.resource, page, meta)
                                          : JsonList(call.resource, page, meta);
}

Answer<Output> OutputOf(const Call& call, bool stream) {
  OutputRules rules;
  rules.protobuf = !call.resource.custom && call.resource.schema != nullptr;
  rules.strict_types = !call.resource.custom;
  rules.stream = stream;
  return NegotiateOutput(call.request.accept, rules);
}

}  // namespace fairlead::apiserver
