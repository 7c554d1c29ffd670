#include "scheduler/kube/discovery.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "scheduler/kube/api_error.h"
#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

constexpr const char* kSource = "discovery";
constexpr const char* kPodGroupApi = "/apis/scheduling.x-k8s.io/v1alpha1";
constexpr const char* kQueueApi = "/apis/fairlead.dev/v1alpha1";
// pods/eviction takes policy/v1 from here on.
constexpr int kPolicyV1Minor = 22;

using simdjson::dom::element;

std::string_view Text(const element& object, const char* key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

// Calls `each` for the objects of the array `key`.
template <typename Each>
Status ForEach(std::string_view json, const char* key, std::string_view what, Each&& each) {
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array items;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root[key].get(items) != simdjson::SUCCESS) {
    return MakeError(fmt::format("{}: expected a JSON object with {}", what, key));
  }
  for (const element item : items) each(item);
  return Ok{};
}

}  // namespace

Status ReadVersion(std::string_view json, Discovered* out) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return MakeError("/version: expected JSON");
  }
  out->version = std::string(Text(root, "gitVersion"));
  if (Text(root, "major") != "1") return Ok{};
  const std::string_view minor = Text(root, "minor");  // "20", or "20+" of some vendors
  std::from_chars(minor.data(), minor.data() + minor.size(), out->minor);
  return Ok{};
}

Status ReadCore(std::string_view json, Discovered* out) {
  return ForEach(json, "resources", "/api/v1", [out](const element& item) {
    if (Text(item, "name") != "pods/eviction") return;
    out->eviction_api = fmt::format("{}/{}", Text(item, "group"), Text(item, "version"));
  });
}

Status ReadGroups(std::string_view json, Discovered* out) {
  out->jobs = false;
  return ForEach(json, "groups", "/apis", [out](const element& group) {
    const std::string_view name = Text(group, "name");
    simdjson::dom::array versions;
    if (group["versions"].get(versions) != simdjson::SUCCESS) return;
    for (const element version : versions) {
      const std::string_view api = Text(version, "version");
      if (name == "batch" && api == "v1") out->jobs = true;
      if (name == "scheduling.x-k8s.io" && api == "v1alpha1") out->pod_group_api = true;
      if (name == "fairlead.dev" && api == "v1alpha1") out->queue_api = true;
    }
  });
}

Status ReadPodGroupApi(std::string_view json, Discovered* out) {
  return ForEach(json, "resources", kPodGroupApi, [out](const element& item) {
    if (Text(item, "name") == "podgroups") out->pod_groups = true;
  });
}

Status ReadQueueApi(std::string_view json, Discovered* out) {
  return ForEach(json, "resources", kQueueApi, [out](const element& item) {
    if (Text(item, "name") == "queues") out->queues = true;
  });
}

namespace {

struct Question {
  const char* path;
  Status (*read)(std::string_view json, Discovered* out);
  bool Discovered::*only_if = nullptr;  // asked where an earlier answer said this
};
constexpr std::array<Question, 5> kQuestions = {{
    {"/version", ReadVersion},
    {"/api/v1", ReadCore},
    {"/apis", ReadGroups},
    {kPodGroupApi, ReadPodGroupApi, &Discovered::pod_group_api},
    {kQueueApi, ReadQueueApi, &Discovered::queue_api},
}};

// Where the definition of a kind may come later.
struct CustomKind {
  ObjectKind kind;
  const char* path;
  Status (*read)(std::string_view json, Discovered* out);
  bool Discovered::*found;
};
constexpr std::array<CustomKind, 2> kCustomKinds = {{
    {ObjectKind::kPodGroup, kPodGroupApi, ReadPodGroupApi, &Discovered::pod_groups},
    {ObjectKind::kQueue, kQueueApi, ReadQueueApi, &Discovered::queues},
}};

}  // namespace

Discovery::Discovery(IoLoop* loop, HttpClient* http, Trouble* trouble, const Pace& pace,
                     Random* random)
    : loop_(loop), http_(http), trouble_(trouble), pace_(pace), backoff_(pace, random) {}

void Discovery::Start(Done done) {
  done_ = std::move(done);
  trouble_->Expect(kSource, "not done yet");
  Ask(0);
}

void Discovery::Stop() {
  stopped_ = true;
  loop_->Cancel(timer_);
}

void Discovery::Ask(std::size_t step) {
  const auto skipped = [this](const Question& question) {
    return question.only_if != nullptr && !(found_.*question.only_if);
  };
  while (step < kQuestions.size() && skipped(kQuestions[step])) ++step;
  if (step == kQuestions.size()) {
    if (found_.eviction_api.empty() || found_.eviction_api.front() == '/') {
      found_.eviction_api =
          found_.minor == 0 || found_.minor >= kPolicyV1Minor ? "policy/v1" : "policy/v1beta1";
    }
    trouble_->Clear(kSource);
    return std::exchange(done_, nullptr)(found_);
  }
  HttpRequest request;
  request.target = kQuestions[step].path;
  http_->Send(std::move(request),
              [this, step](const HttpAnswer& answer) { OnAnswer(step, answer); });
}

void Discovery::OnAnswer(std::size_t step, const HttpAnswer& answer) {
  if (stopped_) return;
  std::string why;
  if (answer.status == 200) {
    if (Status read = kQuestions[step].read(answer.body, &found_); !read) {
      why = read.error().message;
    }
  } else if (answer.status != 403 && answer.status != 404) {
    why = Describe(answer, fmt::format("get {}", kQuestions[step].path));
  }
  if (why.empty()) return Ask(step + 1);
  const Duration wait = RetryAfter(answer, pace_, backoff_.Next());
  trouble_->Set(kSource, why, wait);
  timer_ = loop_->After(wait, [this, step] { Ask(step); });
}

void Discovery::AwaitMissing(std::function<void(ObjectKind)> served) {
  served_ = std::move(served);
  AskForMissing();
}

// Asks in a while for all that is missing then, and so on until nothing is.
void Discovery::AskForMissing() {
  const bool missing = std::any_of(kCustomKinds.begin(), kCustomKinds.end(),
                                   [this](const auto& custom) { return !(found_.*custom.found); });
  if (!missing) return;
  timer_ = loop_->After(pace_.rediscover, [this] {
    for (const CustomKind& custom : kCustomKinds) {
      if (!(found_.*custom.found)) AskFor(custom.kind);
    }
    AskForMissing();
  });
}

void Discovery::AskFor(ObjectKind kind) {
  const auto custom = std::find_if(kCustomKinds.begin(), kCustomKinds.end(),
                                   [kind](const auto& one) { return one.kind == kind; });
  HttpRequest request;
  request.target = custom->path;
  http_->Send(std::move(request), [this, custom](const HttpAnswer& answer) {
    if (stopped_ || found_.*custom->found) return;
    if (answer.status == 200) (void)custom->read(answer.body, &found_).ok();
    if (found_.*custom->found) served_(custom->kind);
  });
}

}  // namespace fairlead::kube
