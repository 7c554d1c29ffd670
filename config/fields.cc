#include "config/fields.h"

#include <array>

namespace fairlead::config {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMaxItems = 10'000;
constexpr std::int64_t kBillion = 1'000'000'000;

constexpr std::array<Field<Config>, 3> kRootFields = {{
    {"scheduler_names", FieldKind::kStrings, &Config::scheduler_names,
     "Pods whose schedulerName is one of these are scheduled.", 1, 16, TextRule::kDnsSubdomain},
    {"dump_dir", FieldKind::kString, &Config::dump_dir,
     "Folder for dumped decisions; empty: none are dumped."},
    {"state_file", FieldKind::kString, &Config::state_file,
     "File that keeps the decayed usage of queues over a restart; empty: none."},
}};

constexpr std::array<Field<Config>, 2> kGpuFields = {{
    {"resources", FieldKind::kStrings, &Config::gpu_resources,
     "Extended resources that count whole GPUs.", 1, 16, TextRule::kQualifiedName},
    {"model_labels", FieldKind::kStrings, &Config::gpu_model_labels,
     "Node labels that name the GPU model; the first that a node has counts.", 1, 16,
     TextRule::kQualifiedName},
}};

constexpr std::array<Field<Config>, 2> kHttpFields = {{
    {"address", FieldKind::kString, &Config::http_address,
     "Address that metrics and health are served on.", 0, 0, TextRule::kAddress},
    {"port", FieldKind::kInt, &Config::http_port, "TCP port of the same; 0: any free one.", 0,
     65'535},
}};

constexpr std::array<Field<Config>, 5> kGrpcFields = {{
    {"address", FieldKind::kString, &Config::grpc_address,
     "Address that the gRPC API is served on: a loopback address, or any with the three tls keys.",
     0, 0, TextRule::kAddress},
    {"port", FieldKind::kInt, &Config::grpc_port, "TCP port of the same; 0: any free one.", 0,
     65'535},
    {"tls_cert", FieldKind::kString, &Config::grpc_tls_cert,
     "PEM file with the server's certificate and its chain; empty: no TLS."},
    {"tls_key", FieldKind::kString, &Config::grpc_tls_key,
     "PEM file with the key of that certificate, without password."},
    {"tls_client_ca", FieldKind::kString, &Config::grpc_tls_client_ca,
     "PEM file with the authorities whose clients may connect."},
}};

constexpr std::array<Field<Config>, 3> kApiFields = {{
    {"bind_connections", FieldKind::kInt, &Config::bind_connections,
     "Connections to the API server for writes: so many bindings are under way at once.", 1, 1024},
    {"request_timeout", FieldKind::kDuration, &Config::request_timeout,
     "Time after which a request without an answer is given up.", 100 * kMillisecond, 10 * kMinute},
    {"events_per_second", FieldKind::kInt, &Config::events_per_second,
     "Kubernetes events written per second on average; bursts of five times as many.", 1, 10'000},
}};

constexpr std::array<Field<Config>, 6> kLedgerFields = {{
    {"store", FieldKind::kString, &Config::ledger_store,
     "Where usage is recorded: sqlite:FILE or postgresql://USER@HOST/DATABASE; empty: nowhere."},
    {"cluster", FieldKind::kString, &Config::ledger_cluster,
     "Name of this cluster in a ledger that several share.", 0, 0, TextRule::kDnsSubdomain},
    {"most_waiting", FieldKind::kInt, &Config::ledger_most_waiting,
     "Changes that may wait in memory while the store cannot be written; with more of them no "
     "binding is sent.",
     0, 100'000'000},
    {"environment_label", FieldKind::kString, &Config::ledger_environment_label,
     "Label of pods that names their environment.", 0, 0, TextRule::kQualifiedName},
    {"cost_center_label", FieldKind::kString, &Config::ledger_cost_center_label,
     "Label of pods that names their cost centre.", 0, 0, TextRule::kQualifiedName},
    {"labels", FieldKind::kStrings, &Config::ledger_labels,
     "Further labels of pods that are kept with their usage.", 0, 64, TextRule::kQualifiedName},
}};

constexpr std::array<Field<Config>, 1> kLogFields = {{
    {"level", FieldKind::kString, &Config::log_level, "The least severe messages that are logged.",
     0, 0, TextRule::kLogLevel},
}};

constexpr std::array<Section, 6> kSections = {{
    {"gpu", "How GPUs are recognised.", kGpuFields},
    {"http", "The listener for metrics and health.", kHttpFields},
    {"grpc", "The listener of the gRPC API.", kGrpcFields},
    {"api", "How the Kubernetes API server is used.", kApiFields},
    {"ledger", "The record of who used what, which `fairlead usage` reads.", kLedgerFields},
    {"log", "What is logged.", kLogFields},
}};

constexpr std::array<Field<Policy>, 3> kPolicyFields = {{
    {"max_gang_size", FieldKind::kInt, &Policy::max_gang_size,
     "Pods of the largest gang; a larger one is refused as invalid.", 1, 100'000},
    {"bind_timeout", FieldKind::kDuration, &Policy::bind_timeout,
     "Time after which a gang that is bound only in part is rolled back.", kSecond, 60 * kMinute},
    {"stale_grace", FieldKind::kDuration, &Policy::stale_grace,
     "Time after which a gang that has lost members that it needs gives up the others; 0s: never.",
     0, 30 * kDay},
}};

constexpr std::array<Field<AgingPolicy>, 2> kAgingFields = {{
    {"step", FieldKind::kDuration, &AgingPolicy::step,
     "Time of waiting that is worth 1 of priority; 0s: aging is off.", 0, 30 * kDay},
    {"max", FieldKind::kInt, &AgingPolicy::max, "The most that waiting adds to a priority.", 0,
     1'000'000},
}};

constexpr std::array<Field<HistoryPolicy>, 2> kHistoryFields = {{
    {"half_life", FieldKind::kDuration, &HistoryPolicy::half_life,
     "Time after which usage counts half.", kMinute, 365 * kDay},
    {"strength", FieldKind::kDecimal, &HistoryPolicy::strength,
     "How much of a weight the history decides; 0: history is off.", 0, kWeightOne},
}};

constexpr std::array<Field<TopologyLevel>, 2> kTopologyFields = {{
    {"name", FieldKind::kString, &TopologyLevel::name, "Name of the level, unique.", 0, 0,
     TextRule::kDnsLabel, true},
    {"label", FieldKind::kString, &TopologyLevel::label,
     "Label of nodes whose value tells the domain.", 0, 0, TextRule::kQualifiedName, true},
}};

constexpr std::array<Field<QueueSpec>, 17> kQueueFields = {{
    {"name", FieldKind::kString, &QueueSpec::name, "Name of the queue, unique.", 0, 0,
     TextRule::kQueueName, true},
    {"parent", FieldKind::kString, &QueueSpec::parent,
     "Name of the queue that this one is part of; without this key the queue is at the top.", 0, 0,
     TextRule::kQueueName},
    {"weight", FieldKind::kDecimal, &QueueSpec::weight,
     "Part of what guarantees leave over, relative to the weights of the other children of the "
     "parent; at most 6 digits after the point.",
     1, 1'000'000 * kWeightOne},
    {"guarantee", FieldKind::kAmounts, &QueueSpec::guarantee,
     "Amounts that the queue has whenever it wants them. The children's must fit in the parent's; "
     "without this key a queue with children has the sum of theirs."},
    {"limit", FieldKind::kAmounts, &QueueSpec::limit,
     "Amounts that the queue never holds more of; a resource that is not named is unlimited."},
    {"lendable", FieldKind::kBool, &QueueSpec::lendable,
     "May others use the part of the guarantee that the queue does not use."},
    {"lending_limit", FieldKind::kAmounts, &QueueSpec::lending_limit,
     "Amounts of unused guarantee that are lent at most; of a resource that is not named all."},
    {"borrowing", FieldKind::kBool, &QueueSpec::borrowing,
     "May the queue hold more than its guarantee."},
    {"priority", FieldKind::kSmallInt, &QueueSpec::priority,
     "Queues of higher priority get what guarantees leave over before others of the same parent.",
     -kBillion, kBillion},
    {"order", FieldKind::kOrder, &QueueSpec::order,
     "Which gang of the queue goes first: by priority and then age; by age alone, where nobody "
     "passes a gang that does not fit; the smaller first; or that of the user who holds least. "
     "Only of queues without children."},
    {"reclaimable", FieldKind::kBool, &QueueSpec::reclaimable,
     "May others take back what the queue has borrowed."},
    {"min_runtime", FieldKind::kDuration, &QueueSpec::min_runtime,
     "A gang that has run for less is not stopped to give its room to others.", 0, 365 * kDay},
    {"state", FieldKind::kState, &QueueSpec::state,
     "open; hold: starts nothing; drain: starts nothing and accepts nothing. Of a queue with "
     "children: of all below it."},
    {"max_pending_gangs", FieldKind::kCap, &QueueSpec::max_pending_gangs,
     "Gangs that may wait; more are refused. Without this key any number. Only of queues without "
     "children.",
     0, kBillion},
    {"max_running_gangs", FieldKind::kCap, &QueueSpec::max_running_gangs,
     "Gangs that may run at once; more wait. Without this key any number. Only of queues without "
     "children.",
     0, kBillion},
    {"user_limit", FieldKind::kDecimal, &QueueSpec::user_limit,
     "Largest part of the queue that one user may hold; at most 6 digits after the point. Only of "
     "queues without children.",
     1, kWeightOne},
    {"tenants", FieldKind::kStrings, &QueueSpec::tenants,
     "Tenants that may use the queue and all below it, beside those that list it.", 1, kMaxItems,
     TextRule::kDnsLabel},
}};

constexpr std::array<Field<TenantSpec>, 4> kTenantFields = {{
    {"name", FieldKind::kString, &TenantSpec::name, "Name of the tenant, unique.", 0, 0,
     TextRule::kDnsLabel, true},
    {"namespaces", FieldKind::kStrings, &TenantSpec::namespaces,
     "Namespaces of the tenant, beside those whose label fairlead.dev/tenant names it. A namespace "
     "has one tenant.",
     1, kMaxItems, TextRule::kDnsLabel},
    {"queues", FieldKind::kStrings, &TenantSpec::queues,
     "Queues that the tenant may use with all below them, each declared under 'queues'; beside "
     "queues that name the tenant.",
     1, kMaxItems, TextRule::kQueueName},
    {"default_queue", FieldKind::kString, &TenantSpec::default_queue,
     "Queue of pods that name none, one without children that the tenant may use; without this key "
     "the first such of its queues.",
     0, 0, TextRule::kQueueName},
}};

}  // namespace

std::vector<std::string_view> ChoicesOf(FieldKind kind) {
  std::vector<std::string_view> names;
  if (kind == FieldKind::kOrder) {
    for (const LeafOrder order : {LeafOrder::kPriorityFifo, LeafOrder::kFifoStrict,
                                  LeafOrder::kShortestFirst, LeafOrder::kFairUsers}) {
      names.push_back(LeafOrderName(order));
    }
  } else if (kind == FieldKind::kState) {
    for (const QueueState state : {QueueState::kOpen, QueueState::kHold, QueueState::kDrain}) {
      names.push_back(QueueStateName(state));
    }
  }
  return names;
}

std::span<const Field<Config>> RootFields() { return kRootFields; }
std::span<const Section> Sections() { return kSections; }
std::span<const Field<Policy>> PolicyFields() { return kPolicyFields; }
std::span<const Field<AgingPolicy>> AgingFields() { return kAgingFields; }
std::span<const Field<HistoryPolicy>> HistoryFields() { return kHistoryFields; }
std::span<const Field<TopologyLevel>> TopologyFields() { return kTopologyFields; }
std::span<const Field<QueueSpec>> QueueFields() { return kQueueFields; }
std::span<const Field<TenantSpec>> TenantFields() { return kTenantFields; }

}  // namespace fairlead::config
