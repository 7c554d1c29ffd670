// What tests of the API client share: a sink that can be waited on, a loop on a thread of its own
// with everything that hangs on it, and bodies as a server sends them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"
#include "scheduler/kube/credentials.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/pace.h"
#include "scheduler/kube/trouble.h"
#include "tests/support/proto_builder.h"
#include "tests/support/scripted_server.h"

namespace fairlead::kube {

using testing::Feed;
using testing::PodSpec;
using testing::Proto;
using testing::Received;
using testing::Reply;
using testing::ScriptedServer;

inline constexpr auto kPatience = std::chrono::seconds(30);
inline constexpr const char* kProtoType = "application/vnd.kubernetes.protobuf";

// Short enough for tests, long enough to tell one wait from none.
inline Pace FastPace() {
  Pace pace;
  pace.backoff_min = Duration::Milliseconds(5);
  pace.backoff_max = Duration::Milliseconds(20);
  pace.retry_after_unit = Duration::Milliseconds(20);
  pace.connect_timeout = Duration::Seconds(5);
  pace.rediscover = Duration::Milliseconds(20);
  return pace;
}

class RecordingSink : public EventSink {
 public:
  void Post(EventBatch batch) override {
    const std::lock_guard lock(mutex_);
    for (Event& event : batch) events_.push_back(std::move(event));
    changed_.notify_all();
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  // What happened, in short: "begin pod", "+p0", "-p0", "end pod".
  std::vector<std::string> Story() const;
  bool WaitFor(const std::function<bool(const std::vector<Event>&)>& condition) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return condition(events_); });
  }
  bool WaitForCount(std::size_t n) const {
    return WaitFor([n](const std::vector<Event>& events) { return events.size() >= n; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Event> events_;
};

// One loop and one client. Work with them inside On().
class Harness {
 public:
  explicit Harness(Connection connection, const Pace& pace = FastPace())
      : credentials(&loop, connection), http(&loop, connection, pace, &credentials) {
    thread_ = std::thread([this] { loop.Run(); });
  }
  explicit Harness(const ScriptedServer& server) : Harness(To(server)) {}
  ~Harness() { Finish(); }

  // Ends the loop; what still runs on it is dropped. Before the objects that run on it go.
  void Finish() {
    if (!thread_.joinable()) return;
    loop.Stop();
    thread_.join();
  }
  // Runs `task` on the loop's thread and waits for it.
  void On(const std::function<void()>& task) {
    std::promise<void> done;
    loop.Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Sends and waits for the answer.
  HttpAnswer Send(HttpRequest request) {
    std::promise<HttpAnswer> answer;
    loop.Post(
        [&] { http.Send(request, [&](HttpAnswer got) { answer.set_value(std::move(got)); }); });
    return answer.get_future().get();
  }
  HttpAnswer Get(const std::string& target) {
    HttpRequest request;
    request.target = target;
    return Send(std::move(request));
  }
  static Connection To(const ScriptedServer& server) {
    Connection connection;
    connection.server = server.url();
    return connection;
  }

  IoLoop loop;
  Metrics metrics;
  Trouble trouble{&loop};
  Random random;
  RecordingSink sink;
  Credentials credentials;
  HttpClient http;

 private:
  std::thread thread_;
};

// "k8s\0" + runtime.Unknown.
inline std::string Wrapped(const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) +
         Proto().Message(1, Proto().Text(1, "v1").Text(2, kind)).Text(2, raw).bytes();
}

inline std::string PodListBody(const std::vector<PodSpec>& pods, const std::string& version,
                               const std::string& continue_token = "") {
  Proto list;
  list.Message(1, Proto().Text(2, version).Text(3, continue_token));
  for (const PodSpec& pod : pods) list.Text(2, ToProto(pod));
  return Wrapped("PodList", list.bytes());
}

// A watch event with its length before it.
inline std::string Frame(const std::string& type, const std::string& kind, const std::string& raw) {
  const std::string event =
      Proto().Text(1, type).Message(2, Proto().Text(1, Wrapped(kind, raw))).bytes();
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((event.size() >> shift) & 255U));
  }
  return out + event;
}

inline std::string BookmarkFrame(const std::string& version, bool initial_end = false) {
  Proto meta;
  meta.Text(6, version);
  if (initial_end) meta.Entry(12, "k8s.io/initial-events-end", "true");
  return Frame("BOOKMARK", "Pod", Proto().Message(1, meta).bytes());
}

inline std::string ErrorFrame(int code, const std::string& message) {
  return Frame("ERROR", "Status", Proto().Text(3, message).Int(6, code).bytes());
}

inline std::string StatusJson(int code, const std::string& message) {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
         R"(","code":)" + std::to_string(code) + "}";
}

inline PodSpec NamedPod(const std::string& name, const std::string& version = "7",
                        const std::string& node = "") {
  PodSpec pod;
  pod.name = name;
  pod.uid = "u-" + name;
  pod.resource_version = version;
  pod.node_name = node;
  return pod;
}

inline std::vector<std::string> RecordingSink::Story() const {
  std::vector<std::string> out;
  for (const Event& event : events()) {
    if (std::holds_alternative<RelistBegun>(event)) out.emplace_back("begin");
    if (std::holds_alternative<RelistEnded>(event)) out.emplace_back("end");
    if (const auto* pod = std::get_if<PodUpserted>(&event)) out.push_back("+" + pod->pod.name);
    if (const auto* pod = std::get_if<PodRemoved>(&event)) out.push_back("-" + pod->pod.name);
    if (const auto* group = std::get_if<PodGroupUpserted>(&event)) {
      out.push_back("+" + group->group.name);
    }
    if (const auto* group = std::get_if<PodGroupRemoved>(&event)) out.push_back("-" + group->name);
  }
  return out;
}

}  // namespace fairlead::kube
