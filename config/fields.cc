#include "config/fields.h"

#include <array>

namespace fairlead::config {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kMaxItems = 10'000;

constexpr std::array<Field<Config>, 2> kRootFields = {{
    {"scheduler_names", FieldKind::kStrings, &Config::scheduler_names,
     "Pods whose schedulerName is one of these are scheduled.", 1, 16, TextRule::kDnsSubdomain},
    {"dump_dir", FieldKind::kString, &Config::dump_dir,
     "Folder for dumped decisions; empty: none are dumped."},
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

constexpr std::array<Field<Config>, 1> kLogFields = {{
    {"level", FieldKind::kString, &Config::log_level, "The least severe messages that are logged.",
     0, 0, TextRule::kLogLevel},
}};

constexpr std::array<Section, 5> kSections = {{
    {"gpu", "How GPUs are recognised.", kGpuFields},
    {"http", "The listener for metrics and health.", kHttpFields},
    {"grpc", "The listener of the gRPC API.", kGrpcFields},
    {"api", "How the Kubernetes API server is used.", kApiFields},
    {"log", "What is logged.", kLogFields},
}};

constexpr std::array<Field<Policy>, 2> kPolicyFields = {{
    {"max_gang_size", FieldKind::kInt, &Policy::max_gang_size,
     "Pods of the largest gang; a larger one is refused as invalid.", 1, 100'000},
    {"bind_timeout", FieldKind::kDuration, &Policy::bind_timeout,
     "Time after which a gang that is bound only in part is rolled back.", kSecond, 60 * kMinute},
}};

constexpr std::array<Field<QueueSpec>, 2> kQueueFields = {{
    {"name", FieldKind::kString, &QueueSpec::name, "Name of the queue, unique.", 0, 0,
     TextRule::kQueueName, true},
    {"weight", FieldKind::kWeight, &QueueSpec::weight,
     "Part of the cluster relative to the weights of the other queues; at most 6 digits after the "
     "point.",
     1, 1'000'000 * kWeightOne},
}};

constexpr std::array<Field<TenantSpec>, 4> kTenantFields = {{
    {"name", FieldKind::kString, &TenantSpec::name, "Name of the tenant, unique.", 0, 0,
     TextRule::kDnsLabel, true},
    {"namespaces", FieldKind::kStrings, &TenantSpec::namespaces,
     "Namespaces of the tenant, beside those whose label fairlead.dev/tenant names it. A namespace "
     "has one tenant.",
     1, kMaxItems, TextRule::kDnsLabel},
    {"queues", FieldKind::kStrings, &TenantSpec::queues,
     "Queues that the tenant may use, each declared under 'queues'.", 1, kMaxItems,
     TextRule::kQueueName, true},
    {"default_queue", FieldKind::kString, &TenantSpec::default_queue,
     "Queue of pods that name none, one of the tenant's queues; without this key the first of "
     "them.",
     0, 0, TextRule::kQueueName},
}};

}  // namespace

std::span<const Field<Config>> RootFields() { return kRootFields; }
std::span<const Section> Sections() { return kSections; }
std::span<const Field<Policy>> PolicyFields() { return kPolicyFields; }
std::span<const Field<QueueSpec>> QueueFields() { return kQueueFields; }
std::span<const Field<TenantSpec>> TenantFields() { return kTenantFields; }

}  // namespace fairlead::config
