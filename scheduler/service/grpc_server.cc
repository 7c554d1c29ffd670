#include "fairlead/service/grpc_server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

#include "fairlead/base/address.h"
#include "fairlead/engine/log.h"
#include "fairlead/v1/node_service.grpc.pb.h"
#include "fairlead/v1/queue_service.grpc.pb.h"
#include "scheduler/service/tls_files.h"

namespace fairlead::service {
namespace {

using std::chrono::steady_clock;

constexpr int kMaxRequestBytes = 64 << 10;
constexpr int kMaxAnswerBytes = 64 << 20;
constexpr std::size_t kShownName = 128;  // the longest that a queue has
constexpr int kOtherCalls = 16;          // at once, beside watches
// A watch looks this often whether its client is still there.
constexpr Duration kLook = Duration::Milliseconds(200);
constexpr auto kShutdownPatience = std::chrono::milliseconds(500);
constexpr Duration kDefaultInterval = Duration::Seconds(1);
constexpr Duration kShortestInterval = Duration::Milliseconds(100);
constexpr std::int64_t kLongestIntervalMs = 24LL * 3600 * 1000;

void SetAmounts(const NamedAmounts& from, google::protobuf::Map<std::string, std::int64_t>* to) {
  for (const auto& [name, amount] : from) (*to)[name] = amount;
}

void SetRatio(const Share& from, v1::Ratio* to) {
  to->set_numerator(from.num);
  to->set_denominator(from.den);
}

void SetQueue(const QueueReport& from, v1::Queue* to) {
  to->set_name(from.name);
  to->set_parent(from.parent);
  to->set_depth(from.depth);
  to->set_leaf(from.leaf);
  to->set_state(std::string(QueueStateName(from.state)));
  to->set_weight_millionths(from.weight);
  SetAmounts(from.demand, to->mutable_demand());
  SetAmounts(from.guarantee, to->mutable_guarantee());
  SetAmounts(from.entitlement, to->mutable_entitlement());
  SetAmounts(from.allocated, to->mutable_allocated());
  SetAmounts(from.borrowed, to->mutable_borrowed());
  SetAmounts(from.lent, to->mutable_lent());
  SetRatio(from.dominant_share, to->mutable_dominant_share());
  SetRatio(from.entitled_share, to->mutable_entitled_share());
  to->set_bound_by(from.bound_by);
  to->set_decayed_usage(from.decayed_usage);
  to->set_pending_gangs(from.pending_gangs);
  to->set_running_gangs(from.running_gangs);
  to->set_pending_pods(from.pending_pods);
  if (from.oldest_wait) to->set_oldest_wait_ns(from.oldest_wait->ns);
}

void SetTable(const QueueTable& from, v1::ListQueuesResponse* to) {
  to->set_at_unix_ns(from.at.ns);
  to->set_version(from.version);
  for (const QueueReport& queue : from.queues) SetQueue(queue, to->add_queues());
}

grpc::Status NoTableYet() {
  return {grpc::StatusCode::UNAVAILABLE,
          "nothing has been decided yet: the objects of the cluster are still being listed"};
}

Duration IntervalOf(const v1::WatchQueuesRequest& request) {
  if (request.min_interval_ms() == 0) return kDefaultInterval;
  return std::max(Duration::Milliseconds(std::min(request.min_interval_ms(), kLongestIntervalMs)),
                  kShortestInterval);
}

class QueueServiceImpl final : public v1::QueueService::Service {
 public:
  QueueServiceImpl(const QueueBoard* board, int max_watchers)
      : board_(board), max_watchers_(max_watchers) {}

  // Open watches end soon.
  void Stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }

  grpc::Status ListQueues(grpc::ServerContext* /*context*/,
                          const v1::ListQueuesRequest* /*request*/,
                          v1::ListQueuesResponse* response) override {
    const QueueBoard::Edition edition = board_->Current();
    if (edition.number == 0) return NoTableYet();
    SetTable(*edition.table, response);
    return grpc::Status::OK;
  }

  grpc::Status GetQueue(grpc::ServerContext* /*context*/, const v1::GetQueueRequest* request,
                        v1::Queue* response) override {
    const QueueBoard::Edition edition = board_->Current();
    if (edition.number == 0) return NoTableYet();
    for (const QueueReport& queue : edition.table->queues) {
      if (queue.name != request->name()) continue;
      SetQueue(queue, response);
      return grpc::Status::OK;
    }
    return {grpc::StatusCode::NOT_FOUND,
            fmt::format("there is no queue '{}'", request->name().substr(0, kShownName))};
  }

  grpc::Status WatchQueues(grpc::ServerContext* context, const v1::WatchQueuesRequest* request,
                           grpc::ServerWriter<v1::ListQueuesResponse>* writer) override {
    const bool admitted = watchers_.fetch_add(1) < max_watchers_;
    grpc::Status status =
        admitted
            ? Watch(context, IntervalOf(*request), writer)
            : grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           fmt::format("{} watches are open, which is the most", max_watchers_));
    watchers_.fetch_sub(1);
    return status;
  }

 private:
  grpc::Status Watch(grpc::ServerContext* context, Duration interval,
                     grpc::ServerWriter<v1::ListQueuesResponse>* writer) {
    std::uint64_t seen = 0;
    auto next = steady_clock::now();
    while (!context->IsCancelled()) {
      if (RestUntil(next)) return {grpc::StatusCode::UNAVAILABLE, "the scheduler is ending"};
      if (steady_clock::now() < next) continue;
      const QueueBoard::Edition edition = board_->WaitNewer(seen, kLook);
      if (edition.number == seen) continue;
      seen = edition.number;
      if (!writer->Write(*MessageOf(edition))) break;  // the client is gone
      next = steady_clock::now() + std::chrono::nanoseconds(interval.ns);
    }
    return {grpc::StatusCode::CANCELLED, "the client has ended the watch"};
  }

  // Until then, but not longer than a client may be gone unnoticed. True: the server stops.
  bool RestUntil(steady_clock::time_point then) {
    const auto end = std::min(then, steady_clock::now() + std::chrono::nanoseconds(kLook.ns));
    std::unique_lock lock(mutex_);
    return stopped_.wait_until(lock, end, [this] { return stopping_; });
  }

  // One message per edition, whoever watches.
  std::shared_ptr<const v1::ListQueuesResponse> MessageOf(const QueueBoard::Edition& edition) {
    const std::lock_guard lock(message_mutex_);
    if (message_edition_ != edition.number) {
      auto message = std::make_shared<v1::ListQueuesResponse>();
      SetTable(*edition.table, message.get());
      message_ = std::move(message);
      message_edition_ = edition.number;
    }
    return message_;
  }

  const QueueBoard* const board_;
  const int max_watchers_;
  std::atomic<int> watchers_ = 0;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // under mutex_
  std::mutex message_mutex_;
  std::uint64_t message_edition_ = 0;                      // under message_mutex_
  std::shared_ptr<const v1::ListQueuesResponse> message_;  // under message_mutex_
};

v1::Device::Use UseOf(DeviceUse use) {
  switch (use) {
    case DeviceUse::kWhole:
      return v1::Device::WHOLE;
    case DeviceUse::kShared:
      return v1::Device::SHARED;
    case DeviceUse::kFree:
      break;
  }
  return v1::Device::FREE;
}

void SetNode(const NodeReport& from, v1::Node* to) {
  to->set_name(from.name);
  to->set_gpu_model(from.gpu_model);
  to->set_gpu_slices(from.gpu_slices);
  for (const DeviceReport& device : from.devices) {
    v1::Device* added = to->add_devices();
    added->set_use(UseOf(device.use));
    added->set_free_slices(device.free_slices);
  }
  to->set_unknown_gpus(from.unknown_gpus);
  to->set_free_gpu_milli(from.free_gpu_milli);
  to->set_fragmented_milli(from.fragmented_milli);
  to->set_free_cpu_milli(from.free_cpu_milli);
  to->set_cpu_milli(from.cpu_milli);
  to->set_free_memory(from.free_memory);
  to->set_memory(from.memory);
  to->set_free_pods(from.free_pods);
  to->set_pods(from.pods);
  for (const std::string& reason : from.out_of_use) to->add_out_of_use(reason);
}

class NodeServiceImpl final : public v1::NodeService::Service {
 public:
  explicit NodeServiceImpl(const QueueBoard* board) : board_(board) {}

  grpc::Status ListNodes(grpc::ServerContext* /*context*/, const v1::ListNodesRequest* /*request*/,
                         v1::ListNodesResponse* response) override {
    const QueueBoard::Edition edition = board_->Current();
    if (!edition.nodes) return NoTableYet();
    const NodesReport& report = *edition.nodes;
    response->set_at_unix_ns(report.at.ns);
    response->set_version(report.version);
    for (const NodeReport& node : report.nodes) SetNode(node, response->add_nodes());
    response->set_gpu_milli(report.gpu_milli);
    response->set_free_gpu_milli(report.free_gpu_milli);
    response->set_fragmented_milli(report.fragmented_milli);
    return grpc::Status::OK;
  }

 private:
  const QueueBoard* const board_;
};

Error Refuse(std::string field, std::string message) {
  Error error;
  error.field = std::move(field);
  error.message = std::move(message);
  return error;
}

// What the library says goes where our own lines go; it is of use to those who look for faults in
// it.
void LogOfLibrary(gpr_log_func_args* args) { Log(LogLevel::kDebug, "grpc: {}", args->message); }

Result<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const GrpcServerOptions& options) {
  const TlsFiles& tls = options.tls;
  const int given = int{!tls.cert.empty()} + int{!tls.key.empty()} + int{!tls.client_ca.empty()};
  if (given == 0) {
    if (IsLoopback(options.address)) return grpc::InsecureServerCredentials();
    return Refuse("grpc.address",
                  fmt::format("'{}' is not a loopback address: expected one such as 127.0.0.1, or "
                              "tls_cert, tls_key and tls_client_ca",
                              options.address));
  }
  if (given != 3) {
    return Refuse("grpc", "expected all of tls_cert, tls_key and tls_client_ca, or none");
  }
  Result<TlsTexts> texts = ReadTlsFiles(tls);
  if (!texts) return texts.error();
  grpc::SslServerCredentialsOptions ssl(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = texts->client_ca_pem;
  ssl.pem_key_cert_pairs.push_back({texts->key_pem, texts->cert_pem});
  return grpc::SslServerCredentials(ssl);
}

// Why nobody can listen there; the library only says that it could not. Empty: somebody could.
std::string WhyNotListen(const GrpcServerOptions& options) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  if (getaddrinfo(options.address.c_str(), port.c_str(), &hints, &found) != 0) {
    return "it is not an IP address such as 127.0.0.1 or ::1";
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = fd < 0 ? errno : 0;
  const int on = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) != 0) error = errno;
  if (fd >= 0 && error == 0 && listen(fd, 1) != 0) error = errno;
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  return error == 0 ? "" : std::generic_category().message(error);
}

void SetBounds(int max_watchers, grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("fairlead");
  quota.SetMaxThreads(max_watchers + kOtherCalls);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder->SetMaxSendMessageSize(kMaxAnswerBytes);
  builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_watchers + kOtherCalls);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // A client that vanished without a word is noticed and its watch ends.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // Without this a second scheduler would take half of the connections of the first.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

struct GrpcServer::State {
  State(const QueueBoard* board, int max_watchers) : service(board, max_watchers), nodes(board) {}

  QueueServiceImpl service;
  NodeServiceImpl nodes;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

GrpcServer::~GrpcServer() {
  state_->service.Stop();
  state_->server->Shutdown(std::chrono::system_clock::now() + kShutdownPatience);
  state_->server->Wait();
}

std::uint16_t GrpcServer::port() const { return static_cast<std::uint16_t>(state_->port); }

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const GrpcServerOptions& options,
                                                      const QueueBoard* board) {
  gpr_set_log_function(LogOfLibrary);
  auto credentials = CredentialsOf(options);
  if (!credentials) return credentials.error();
  const std::string where = HostAndPort(options.address, options.port);
  // The library would also take a name, and look it up.
  if (std::string why = WhyNotListen(options); !why.empty()) {
    return Refuse("grpc", fmt::format("cannot listen on {}: {}", where, why));
  }
  auto state = std::make_unique<State>(board, options.max_watchers);
  grpc::ServerBuilder builder;
  SetBounds(options.max_watchers, &builder);
  builder.AddListeningPort(where, *credentials, &state->port);
  builder.RegisterService(&state->service);
  builder.RegisterService(&state->nodes);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return Refuse("grpc", fmt::format("cannot listen on {}", where));
  }
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

}  // namespace fairlead::service
