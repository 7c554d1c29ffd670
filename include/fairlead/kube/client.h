// The Kubernetes adapter: watches the cluster into an EventSink and writes what the engine asks
// for.
//
// One IO thread runs all connections (asynchronous, HTTP/1.1 keep-alive over TLS). Lists and
// watches of built-in kinds travel as protobuf, CRDs as JSON. What the API serves is found by
// discovery, so that one binary works from Kubernetes 1.20 to the newest: policy/v1 or v1beta1
// evictions, PodGroup and Queue where their CRDs are served, WatchList where it works and LIST +
// WATCH where not.
//
// A server that is down or refuses is never fatal: it is retried with backoff (0.8 s to 30 s,
// doubled, jittered), said in the log (once per change of reason, then once a minute) and shown in
// /readyz.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"

namespace fairlead::net {
class IoLoop;
}

namespace fairlead::kube {

// How to reach and trust one API server, and who we are there.
struct Connection {
  std::string server;           // https://host:port[/prefix]
  std::string ca_pem;           // empty: the system's trust store
  std::string tls_server_name;  // empty: the host of `server`
  bool insecure_skip_verify = false;
  std::string client_cert_pem;
  std::string client_key_pem;
  std::string token;
  std::string token_file;                 // re-read every 60 s and on 401
  std::vector<std::string> exec_command;  // exec plugin: argv
  std::vector<std::pair<std::string, std::string>> exec_env;
  std::string exec_api_version;
  bool exec_cluster = false;  // the plugin is told about the cluster (provideClusterInfo)
  std::string proxy_url;      // http://[user:password@]host:port, CONNECT; empty: none
};

// From a kubeconfig file. `path` empty: KUBECONFIG (a list of files, merged as kubectl does), then
// ~/.kube/config. `context` empty: current-context.
Result<Connection> LoadKubeconfig(const std::string& path, const std::string& context);
// One kubeconfig given as text; `file` goes into errors, and relative paths in it start at the
// folder of `file`.
Result<Connection> ParseKubeconfig(std::string_view text, const std::string& file,
                                   const std::string& context);
// From the service account of this pod.
Result<Connection> InClusterConnection();

struct ClientOptions {
  std::vector<std::string> scheduler_names = {"fairlead"};
  std::vector<std::string> gpu_resources = {"nvidia.com/gpu"};
  std::vector<std::string> gpu_model_labels = {"nvidia.com/gpu.product"};
  std::int64_t max_gang_size = 10'000;
  int bind_connections = 32;   // requests in flight at once
  int events_per_second = 20;  // of v1 Events; burst 5 x
  Duration request_timeout = Duration::Seconds(30);
  bool watch_list = true;  // try WatchList first where the server is new enough
};

// What tests and the demo put in the place of the outside. With a loop, a seed and a clock that
// runs with the loop, the client does the same every time.
struct ClientSeams {
  // Of somebody else, who runs it and calls everything here on its thread; it outlives the client,
  // which has no thread then. Null: a loop and a thread of our own.
  net::IoLoop* loop = nullptr;
  const Clock* clock = nullptr;       // the time of day; null: the system's
  std::optional<std::uint64_t> seed;  // of jitter; absent: drawn
  // Gives a connected stream socket, or -1, instead of TCP to `server`.
  std::function<int()> dial;
};

class Client : public ClusterWriter {
 public:
  Client(const Connection& connection, ClientOptions options, EventSink* sink, Metrics* metrics,
         ClientSeams seams = {});
  // Answers every request that is open as failed.
  ~Client() override;

  // Discovery, then all informers. Returns at once.
  void Start();
  // Stops informers; lets writes in flight finish for at most `grace`; then ends the IO thread.
  // On a loop in virtual time, writes in flight finish as far as that takes no time: Poll() runs.
  void Stop(Duration grace);

  // Kinds that this cluster serves and that are watched; called on the IO thread as soon as
  // discovery is done.
  void OnDiscovered(std::function<void(std::vector<ObjectKind>)> callback);

  void Bind(std::vector<BindRequest> requests) override;
  void Evict(std::vector<EvictRequest> requests) override;
  void SetPending(std::vector<PendingStatus> statuses) override;
  void SetQueueStatus(std::vector<QueueStatus> statuses) override;
  void Note(std::vector<EventNote> notes) override;

  // For /readyz: empty when all watches run, else what is wrong.
  std::string Trouble() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::kube
