#include "scheduler/cli/scheduler_client.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "fairlead/v1/node_service.grpc.pb.h"
#include "fairlead/v1/queue_service.grpc.pb.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/text.h"

namespace fairlead::cli {
namespace {

constexpr int kMaxAnswerBytes = 64 << 20;
constexpr std::size_t kMaxPemBytes = 1UL << 20;
constexpr int kConnectMs = 5'000;
constexpr auto kListPatience = std::chrono::seconds(5);

Error Fail(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

// The rest of what an answer must hold for the code that shows it; false: it does not.
bool GetAmounts(const google::protobuf::Map<std::string, std::int64_t>& from, NamedAmounts* to) {
  for (const auto& [name, amount] : from) {
    if (amount < 0) return false;
    to->emplace_back(WithoutControls(name), amount);
  }
  std::sort(to->begin(), to->end());
  return true;
}

bool GetShare(const v1::Ratio& from, Share* to) {
  *to = {from.numerator(), from.denominator()};
  return to->num >= 0 && to->den > 0;
}

std::optional<QueueReport> GetQueue(const v1::Queue& from) {
  QueueReport to;
  to.name = WithoutControls(from.name());
  to.parent = WithoutControls(from.parent());
  to.depth = std::min<std::uint32_t>(from.depth(), 64);  // a picture cannot show more anyway
  to.leaf = from.leaf();
  const auto state = ParseQueueState(from.state());
  if (!state) return std::nullopt;
  to.state = *state;
  to.weight = from.weight_millionths();
  bool sound = to.weight > 0 && from.decayed_usage() >= 0;
  sound = GetAmounts(from.demand(), &to.demand) && sound;
  sound = GetAmounts(from.guarantee(), &to.guarantee) && sound;
  sound = GetAmounts(from.entitlement(), &to.entitlement) && sound;
  sound = GetAmounts(from.allocated(), &to.allocated) && sound;
  sound = GetAmounts(from.borrowed(), &to.borrowed) && sound;
  sound = GetAmounts(from.lent(), &to.lent) && sound;
  sound = GetShare(from.dominant_share(), &to.dominant_share) && sound;
  sound = GetShare(from.entitled_share(), &to.entitled_share) && sound;
  if (!sound) return std::nullopt;
  to.bound_by = WithoutControls(from.bound_by());
  to.decayed_usage = from.decayed_usage();
  to.pending_gangs = from.pending_gangs();
  to.running_gangs = from.running_gangs();
  to.pending_pods = from.pending_pods();
  if (from.has_oldest_wait_ns()) to.oldest_wait = Duration{from.oldest_wait_ns()};
  return to;
}

Result<QueueTable> GetTable(const v1::ListQueuesResponse& from) {
  QueueTable to;
  to.at = Instant{std::max<std::int64_t>(from.at_unix_ns(), 0)};
  to.version = from.version();
  for (const v1::Queue& queue : from.queues()) {
    auto report = GetQueue(queue);
    if (!report) {
      return Fail(fmt::format("the server's answer about queue '{}' makes no sense to this version",
                              WithoutControls(queue.name())));
    }
    to.queues.push_back(std::move(*report));
  }
  return to;
}

DeviceUse UseOf(v1::Device::Use use) {
  switch (use) {
    case v1::Device::WHOLE:
      return DeviceUse::kWhole;
    case v1::Device::SHARED:
      return DeviceUse::kShared;
    default:
      return DeviceUse::kFree;
  }
}

NodeReport GetNode(const v1::Node& from) {
  NodeReport to;
  to.name = WithoutControls(from.name());
  to.gpu_model = WithoutControls(from.gpu_model());
  to.gpu_slices = from.gpu_slices();
  for (const v1::Device& device : from.devices()) {
    to.devices.push_back({UseOf(device.use()), device.free_slices()});
  }
  to.unknown_gpus = from.unknown_gpus();
  to.free_gpu_milli = from.free_gpu_milli();
  to.fragmented_milli = from.fragmented_milli();
  to.free_cpu_milli = from.free_cpu_milli();
  to.cpu_milli = from.cpu_milli();
  to.free_memory = from.free_memory();
  to.memory = from.memory();
  to.free_pods = from.free_pods();
  to.pods = from.pods();
  for (const std::string& reason : from.out_of_use()) {
    to.out_of_use.push_back(WithoutControls(reason));
  }
  return to;
}

// Can the code that shows it take it?
bool MakesSense(const NodeReport& node) {
  const auto part = [](std::int64_t free, std::int64_t whole) { return free >= 0 && whole >= 0; };
  const bool devices =
      node.devices.size() <= static_cast<std::size_t>(kMaxGpusPerNode) &&
      std::all_of(node.devices.begin(), node.devices.end(), [&node](const DeviceReport& device) {
        return device.free_slices >= 0 && device.free_slices <= node.gpu_slices;
      });
  return devices && node.gpu_slices >= 1 && part(node.free_cpu_milli, node.cpu_milli) &&
         part(node.free_memory, node.memory) && part(node.free_pods, node.pods) &&
         part(node.fragmented_milli, node.free_gpu_milli);
}

Result<NodesReport> GetNodes(const v1::ListNodesResponse& from) {
  NodesReport to;
  to.at = Instant{std::max<std::int64_t>(from.at_unix_ns(), 0)};
  to.version = from.version();
  for (const v1::Node& node : from.nodes()) to.nodes.push_back(GetNode(node));
  to.gpu_milli = from.gpu_milli();
  to.free_gpu_milli = from.free_gpu_milli();
  to.fragmented_milli = from.fragmented_milli();
  const bool sums = to.gpu_milli >= 0 && to.free_gpu_milli >= 0 && to.fragmented_milli >= 0;
  if (!sums || !std::all_of(to.nodes.begin(), to.nodes.end(), MakesSense)) {
    return Fail("the server's answer about nodes makes no sense to this version");
  }
  return to;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const SchedulerAddress& server) {
  if (server.tls_ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  for (const auto& [path, text] : {std::pair{&server.tls_ca, &ssl.pem_root_certs},
                                   std::pair{&server.tls_cert, &ssl.pem_cert_chain},
                                   std::pair{&server.tls_key, &ssl.pem_private_key}}) {
    Result<std::string> pem = yaml::ReadFile(*path, kMaxPemBytes);
    if (!pem) return pem.error();
    if (pem->find("-----BEGIN ") == std::string::npos) {
      Error error = Fail("expected a file in PEM");
      error.file = *path;
      return error;
    }
    *text = std::move(*pem);
  }
  return grpc::SslCredentials(ssl);
}

bool IsHostAndPort(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const std::string port = address.substr(colon + 1);
  const bool digits =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::string host = address.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return digits && std::stoi(port) >= 1 && std::stoi(port) <= 65'535 &&
         host.find('/') == std::string::npos && (bracketed || host.find(':') == std::string::npos);
}

}  // namespace

struct SchedulerClient::State {
  SchedulerAddress server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::QueueService::Stub> stub;
  grpc::ClientContext watch;  // there is one watch in a client's life

  Error ErrorOf(const grpc::Status& status) const;
};

// Whether anybody is there decides what is of help.
Error SchedulerClient::State::ErrorOf(const grpc::Status& status) const {
  std::string message = WithoutControls(status.error_message());
  const bool connected = channel->GetState(false) == GRPC_CHANNEL_READY;
  if (connected || status.error_code() != grpc::StatusCode::UNAVAILABLE) {
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) message = "no answer in time";
    return Fail(fmt::format("the scheduler at {}: {}", server.address, message));
  }
  constexpr std::string_view kCause = "last error: ";
  const std::size_t cause = message.find(kCause);
  if (cause != std::string::npos) message.erase(0, cause + kCause.size());
  if (message.starts_with("UNKNOWN: ")) message.erase(0, message.find(' ') + 1);
  return Fail(fmt::format(
      "no scheduler answers at {} ({})\nIs `fairlead scheduler` running, with grpc.address and "
      "grpc.port of its configuration there? Name another with --server HOST:PORT; {}.",
      server.address, message,
      server.tls_ca.empty() ? "one with TLS needs --tls-ca, --tls-cert and --tls-key"
                            : "one without TLS must be asked without the --tls options"));
}

SchedulerClient::SchedulerClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
SchedulerClient::~SchedulerClient() = default;

Result<std::unique_ptr<SchedulerClient>> SchedulerClient::Make(SchedulerAddress server) {
  // Our messages say what there is to say.
  gpr_set_log_function([](gpr_log_func_args*) {});
  if (!IsHostAndPort(server.address)) {
    return Fail(
        fmt::format("--server: '{}': expected HOST:PORT such as 127.0.0.1:8471", server.address));
  }
  auto credentials = CredentialsOf(server);
  if (!credentials) return credentials.error();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // schedulers are asked directly
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);  // notices a server that vanished
  auto state = std::make_unique<State>();
  state->channel = grpc::CreateCustomChannel("dns:///" + server.address, *credentials, arguments);
  state->stub = v1::QueueService::NewStub(state->channel);
  state->server = std::move(server);
  return std::unique_ptr<SchedulerClient>(new SchedulerClient(std::move(state)));
}

Result<QueueTable> SchedulerClient::List() {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kListPatience);
  v1::ListQueuesResponse response;
  const grpc::Status status = state_->stub->ListQueues(&context, {}, &response);
  if (!status.ok()) return state_->ErrorOf(status);
  return GetTable(response);
}

Result<NodesReport> SchedulerClient::Nodes() {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kListPatience);
  v1::ListNodesResponse response;
  const grpc::Status status =
      v1::NodeService::NewStub(state_->channel)->ListNodes(&context, {}, &response);
  if (!status.ok()) return state_->ErrorOf(status);
  return GetNodes(response);
}

Status SchedulerClient::Watch(Duration interval, const std::function<void(QueueTable)>& show) {
  v1::WatchQueuesRequest request;
  request.set_min_interval_ms(interval.ns / 1'000'000);
  const auto reader = state_->stub->WatchQueues(&state_->watch, request);
  v1::ListQueuesResponse response;
  while (reader->Read(&response)) {
    Result<QueueTable> table = GetTable(response);
    if (!table) {
      state_->watch.TryCancel();
      (void)reader->Finish();
      return table.error();
    }
    show(std::move(*table));
  }
  const grpc::Status status = reader->Finish();
  if (status.error_code() == grpc::StatusCode::CANCELLED) return Ok{};
  return state_->ErrorOf(status);
}

void SchedulerClient::Cancel() { state_->watch.TryCancel(); }

}  // namespace fairlead::cli
