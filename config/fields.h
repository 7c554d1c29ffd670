// The table of the configuration's fields: what the loader reads, checks and refuses, and what the
// schema says, both from these rows. A new knob is one row here, one member in Config or Policy,
// one line in config/fairlead.yaml and one case in the tests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fairlead/config/config.h"

namespace fairlead::config {

// What a string, or each string of a list, must look like.
enum class TextRule : std::uint8_t {
  kPath,
  kDnsLabel,       // names of namespaces and tenants
  kDnsSubdomain,   // names of schedulers
  kQualifiedName,  // [prefix/]name: resources, label keys
  kQueueName,      // letters, digits, - _ . /
  kAddress,        // IPv4 or IPv6
  kLogLevel,
};

bool Matches(TextRule rule, std::string_view text);
// The same rule in words for errors, and as the bounds and regular expression (empty: none) of the
// schema, which may allow a little more.
struct TextRuleSpec {
  std::size_t min_length;  // bytes
  std::size_t max_length;
  std::string_view pattern;
  std::string_view expected;
};
const TextRuleSpec& SpecOf(TextRule rule);

enum class FieldKind : std::uint8_t {
  kString,
  kStrings,
  kBool,
  kInt,
  kSmallInt,  // in 32 bits
  kCap,       // an integer; absent = no cap
  kDecimal,   // at most six digits after the point, as millionths
  kDuration,
  kAmounts,  // resources and exact quantities
  kOrder,
  kState,
};

// What may stand for a value of kOrder or kState.
std::vector<std::string_view> ChoicesOf(FieldKind kind);

template <typename T>
using Member = std::variant<std::string T::*, std::vector<std::string> T::*, bool T::*,
                            std::int64_t T::*, std::int32_t T::*, std::optional<std::int64_t> T::*,
                            Duration T::*, NamedAmounts T::*, LeafOrder T::*, QueueState T::*>;

// One key of a map that is read into a T. The default is what T{} holds.
template <typename T>
struct Field {
  std::string_view key;
  FieldKind kind;
  Member<T> member;
  std::string_view doc;  // a sentence, with the unit where there is one
  // Of durations in nanoseconds, of decimals in millionths, of lists their lengths.
  std::int64_t min = 0;
  std::int64_t max = 0;
  TextRule rule = TextRule::kPath;  // of strings
  bool required = false;
};

// A map at the top of the file whose keys are read into the Config.
struct Section {
  std::string_view key;
  std::string_view doc;
  std::span<const Field<Config>> fields;
};

std::span<const Field<Config>> RootFields();  // at the top of the file itself
std::span<const Section> Sections();
std::span<const Field<Policy>> PolicyFields();  // without what follows
std::span<const Field<AgingPolicy>> AgingFields();
std::span<const Field<HistoryPolicy>> HistoryFields();
std::span<const Field<TopologyLevel>> TopologyFields();
std::span<const Field<QueueSpec>> QueueFields();
std::span<const Field<TenantSpec>> TenantFields();

inline constexpr std::string_view kQueuesDoc =
    "The tree of queues between which the cluster is divided: siblings by their weights. Gangs are "
    "in queues without children. Where there are no tenants and no queue 'default', that one is "
    "added.";
inline constexpr std::string_view kTenantsDoc =
    "Who owns which namespaces and may use which queues. Without this key every namespace may use "
    "every queue.";
inline constexpr std::string_view kPolicyDoc = "Bounds and rules of the decisions.";
inline constexpr std::string_view kAgingDoc =
    "Inside its queue a gang's priority grows by 1 for every step that it waits.";
inline constexpr std::string_view kHistoryDoc =
    "Weights fall for queues that have held more than their entitlement lately and rise for those "
    "that have held less.";
inline constexpr std::string_view kTopologyDoc =
    "Levels of the topology, the broadest first: nodes with equal values of a level's label and of "
    "those before it are one domain. Pods name a level in the annotations "
    "fairlead.dev/topology-required and fairlead.dev/topology-preferred.";

// Reads the fields of one map; errors stay in the reader.
template <typename T>
void ReadFields(yaml::MapReader* reader, std::span<const Field<T>> fields, T* out);

}  // namespace fairlead::config
