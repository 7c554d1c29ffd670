// The tables from which the messages of schema.h are made, and the values whose text forms follow
// Go's: quantities, times, bytes. Internal to the schema and the codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {

// Tables; their form is described in schema_build.cc.
extern const char kMetaTable[];
extern const char kCoreTable[];
extern const char kOtherTable[];
extern const char kCurrentTable[];

inline json::string_view View(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view Std(json::string_view text) { return {text.data(), text.size()}; }

// "core.v1.Pod" -> "v1.Pod", the name of the Go type.
std::string_view GoType(const Message& message);
// The type of one element: "v1.Container", "string", "v1.PodPhase", "int32".
std::string_view GoElement(const Field& field);
std::string GoName(const Field& field);

// Of one message, inlined ones not counted.
inline constexpr std::size_t kMaxFields = 64;

// What is wrong with a value: empty if nothing is, else in Go's words.
using Complaint = std::string;

// `milli`: rounded up to thousandths, as the server does in lists of resources.
Complaint FormatQuantity(std::string_view text, bool milli, std::string* canonical);

struct GoTime {
  std::int64_t seconds = 0;  // since 1970
  std::int32_t nanos = 0;
  // The first second of the year 1 is Go's zero time, which counts as none.
  bool zero() const { return seconds == -62'135'596'800 && nanos == 0; }
};
// RFC 3339; with `micro` exactly six fractional digits are demanded, else any are allowed.
Complaint ParseGoTime(std::string_view text, bool micro, GoTime* time);
// In UTC; with `micro` six fractional digits, else none.
std::string FormatGoTime(const GoTime& time, bool micro);

Complaint DecodeBase64(std::string_view text, std::string* bytes);
std::string EncodeBase64(std::string_view bytes);

// The integer that a 1.20 server reads for a 32-bit field: large ones wrap or are refused.
Complaint ReadInt32(bool negative, std::uint64_t magnitude, std::int32_t* value);

// The number as the client may have written it.
std::string NumberText(const json::value& number);

// "Pod in version "v1" cannot be handled as a Pod: ..."
ApiError CannotHandle(const Message& message, std::string_view complaint);

// Whether every value in the object has a type that its field can be decoded from. Complains about
// the first that has not, in the words of the profile's server.
Complaint CheckTypes(const Message& message, Profile profile, const json::object& object);

}  // namespace fairlead::apiserver
