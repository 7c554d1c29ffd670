// How objects leave the server: the encodings of stored versions, kept with them so that many
// readers share one, and the frames of watches in each form that a client can ask for.
//
// Objects are stored under one apiVersion; a reader of another version of the same kind gets a copy
// with its apiVersion, made for it alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "scheduler/apiserver/api.h"
#include "scheduler/apiserver/negotiate.h"
#include "scheduler/apiserver/schema.h"
#include "scheduler/apiserver/table.h"

namespace fairlead::apiserver {

// The object as JSON.
void AppendJson(const Resource& resource, const Version& version, std::string* out);
// As an item of a list: those of built-in kinds have neither kind nor apiVersion.
void AppendJsonItem(const Resource& resource, const Version& version, std::string* out);
// With the envelope. The text lives in the version or in `*scratch`.
std::string_view ProtoText(const Resource& resource, const Version& version, std::string* scratch);

// {kind: PartialObjectMetadata, apiVersion: meta.k8s.io/..., metadata}
json::object MetadataOnly(const json::object& object, std::string_view meta_version);
// The shape of PartialObjectMetadata in protobuf.
const Message& MetadataMessage();

struct TableOptions {
  IncludeObject include = IncludeObject::kMetadata;
  bool with_columns = true;
  Instant now;
  Profile profile = Profile::kCurrent;
};
// A Table of these objects with its metadata.
json::object TableOf(const Resource& resource, const std::vector<const json::object*>& objects,
                     const TableOptions& options);

struct FrameOptions {
  Output output;
  IncludeObject include = IncludeObject::kMetadata;  // of tables
};

// Copies what it needs of the resource, which a running watch may outlive. `api` gives the time
// of ages in tables and outlives the writer.
std::shared_ptr<FrameWriter> MakeFrameWriter(const Resource& resource, const FrameOptions& options,
                                             const Api* api);

}  // namespace fairlead::apiserver
