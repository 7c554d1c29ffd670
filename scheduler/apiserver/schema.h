// The shapes of built-in kinds: field names, protobuf numbers, types and merge keys, as facts taken
// from the Go types of k8s.io/api. One table serves the protobuf codec, the pruning of unknown
// fields, and strategic merge patches.
//
// I1  Messages are made once and never change; pointers to them and to their fields stay valid.
// I2  `fields` are in the order in which the server writes them as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

struct Message;

enum class FieldType : std::uint8_t {
  kString,
  kBool,
  kInt,  // int32 and int64
  kDouble,
  kBytes,  // base64 in JSON
  kMessage,
  kQuantity,  // a string in JSON, written in canonical form
  kTime,      // RFC 3339 to seconds
  kMicroTime,
  kIntOrString,
  kRaw,  // any JSON (RawExtension, FieldsV1)
};

struct Field {
  std::string_view name;  // in JSON
  int number = 0;         // in protobuf; 0: not there (apiVersion and kind of an object)
  FieldType type = FieldType::kString;
  const Message* message = nullptr;  // of kMessage
  bool repeated = false;
  bool map = false;            // map<string, type>
  bool pointer = false;        // a zero value is kept; else it is dropped when stored
  bool required = false;       // written even when zero: no omitempty, or a struct held by value
  std::string_view merge_key;  // of a list that strategic merge patches merge by key
  bool merge_list = false;     // of a list of scalars that is merged
  bool atomic = false;         // patchStrategy "replace" or a struct that is replaced whole
  bool retain_keys = false;
  bool current_only = false;  // unknown to 1.20
  // A message of its own in protobuf whose fields stand among those of the outer one in JSON; it
  // has no name. Find(name) looks into it.
  bool inlined = false;
  bool narrow = false;       // kInt: 32 bits
  std::string_view go_name;  // "HTTPGet"; empty: the name with a capital letter
  std::string_view go_type;  // of named scalars and maps: "v1.PodPhase"; else empty
};

struct Message {
  std::string_view name;  // "core.v1.PodSpec"
  std::vector<Field> fields;

  const Field* Find(std::string_view name) const;
  const Field* Find(int number) const;

  // Of those with a number, their places in `fields` in the order of the numbers.
  std::vector<std::uint16_t> by_number;
  // Hash table of the fields by name, those of inlined messages among them.
  std::vector<const Field*> slots;
};

// The message of this full name, e.g. "core.v1.PodSpec". Null: unknown.
const Message* MessageNamed(std::string_view name);

// Of a kind such as ("", "v1", "Pod") or ("batch", "v1", "JobList"); also Status, DeleteOptions,
// Binding, Eviction, WatchEvent. Null: unknown.
const Message* FindMessage(std::string_view group, std::string_view version, std::string_view kind);

// Brings a JSON object into the form in which the server stores it: unknown fields and those that
// the profile does not know are dropped, zero values are dropped where Go omits them, quantities
// and times are canonical. Error: BadRequest that names the field whose type is wrong, as the real
// server words it.
Answer<Done> Prune(const Message& message, Profile profile, json::object* object);

// Canonical text of a quantity ("1000m" -> "1", "0.5" -> "500m"); false: not a quantity.
bool CanonicalQuantity(std::string_view text, std::string* canonical);

}  // namespace fairlead::apiserver
