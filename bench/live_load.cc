#include "bench/live_load.h"

#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/support/proto_builder.h"
#include "tests/support/sim_kubelets.h"

namespace fairlead::bench {
namespace {

using e2e::Access;
using e2e::ApiClient;
using e2e::Json;

constexpr const char* kName = "@NAME@";
constexpr const char* kGang = "@GANG@";
constexpr const char* kNode = "@NODE@";
constexpr std::size_t kZones = 8;
constexpr std::size_t kNodesPerRack = 16;
constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";

std::string PodsPath() { return std::string("/api/v1/namespaces/") + kNamespace + "/pods"; }

void Replace(std::string* text, std::string_view what, const std::string& by) {
  const std::size_t at = text->find(what);
  if (at != std::string::npos) text->replace(at, what.size(), by);
}

bool Ok(const e2e::Response& response, const char* what) {
  if (response.ok()) return true;
  std::fprintf(stderr, "%s: %d %s\n", what, response.status, response.body.substr(0, 300).c_str());
  return false;
}

// Calls work for all i in [0, n); false if one failed.
bool All(const Access& access, std::size_t n,
         const std::function<bool(ApiClient&, std::size_t)>& work) {
  std::atomic<bool> good{true};
  e2e::ForEachParallel(access, kConnections, n, [&](ApiClient& client, std::size_t i) {
    if (good && !work(client, i)) good = false;
  });
  return good;
}

// As long as a training pod is: environment, mounts and labels, about 2 kB as it is stored.
Json ContainerObject(std::size_t gpus) {
  Json env = Json::array();
  for (const char* name : {"NCCL_DEBUG", "NCCL_SOCKET_IFNAME", "OMP_NUM_THREADS", "MASTER_ADDR",
                           "MASTER_PORT", "DATA_DIR", "CHECKPOINT_DIR", "RUN_ID"}) {
    env.push_back({{"name", name}, {"value", std::string("value-of-") + name}});
  }
  const Json resources = {
      {"cpu", "1"}, {"memory", "8Gi"}, {"nvidia.com/gpu", std::to_string(gpus)}};
  return {{"name", "main"},
          {"image", "registry.example/research/train:2026-01-01"},
          {"command", {"python", "-m", "train", "--config", "/etc/train/config.yaml"}},
          {"env", std::move(env)},
          {"volumeMounts",
           {{{"name", "shm"}, {"mountPath", "/dev/shm"}},
            {{"name", "data"}, {"mountPath", "/data"}, {"readOnly", true}}}},
          {"resources", {{"requests", resources}, {"limits", resources}}}};
}

std::string PodText(const PodPlan& plan) {
  Json meta = {{"name", kName},
               {"labels",
                {{"app.kubernetes.io/name", "train"},
                 {"app.kubernetes.io/part-of", "research"},
                 {"team", "vision"}}},
               {"annotations", {{"prometheus.io/scrape", "true"}}}};
  if (plan.gang_size > 1) {
    meta["labels"]["fairlead.dev/gang"] = kGang;
    meta["annotations"]["fairlead.dev/gang-size"] = std::to_string(plan.gang_size);
    if (plan.in_one_rack) meta["annotations"]["fairlead.dev/topology-required"] = "rack";
  }
  Json spec = {
      {"schedulerName", plan.scheduler},
      {"containers", {ContainerObject(plan.gpus)}},
      {"restartPolicy", "Never"},
      {"terminationGracePeriodSeconds", 0},
      {"volumes",
       {{{"name", "shm"}, {"emptyDir", {{"medium", "Memory"}}}},
        {{"name", "data"}, {"hostPath", {{"path", "/mnt/data"}}}}}},
  };
  if (plan.bound > 0) spec["nodeName"] = kNode;
  return Json({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", meta}, {"spec", spec}}).dump();
}

// Binding{1 metadata{1 name}, 2 target{1 kind, 3 name}} in its envelope.
std::string BindingBytes(const std::string& pod, const std::string& node) {
  using testing::Proto;
  const Proto binding =
      Proto().Message(1, Proto().Text(1, pod)).Message(2, Proto().Text(1, "Node").Text(3, node));
  const Proto type = Proto().Text(1, "v1").Text(2, "Binding");
  return std::string("k8s\0", 4) + Proto().Message(1, type).Message(2, binding).bytes();
}

}  // namespace

std::string PodName(std::size_t i) {
  std::string digits = std::to_string(i);
  digits.insert(0, kPodDigits - std::min(kPodDigits, digits.size()), '0');
  return std::string(kPodPrefix) + digits;
}

std::string NodeName(std::size_t i) { return "bench-node-" + std::to_string(i); }

PodWriter::PodWriter(const PodPlan& plan) : plan_(plan), text_(PodText(plan)) {}

bool PodWriter::Create(ApiClient& client, std::size_t i) const {
  std::string text = text_;
  Replace(&text, kName, PodName(i));
  Replace(&text, kGang, "gang-" + std::to_string(i / plan_.gang_size));
  if (plan_.bound > 0) {
    const bool bound = i < plan_.bound;
    Replace(&text, kNode, bound ? NodeName(i % plan_.nodes) : "");
  }
  return Ok(client.Send("POST", PodsPath(), text), "create a pod");
}

bool CreateNamespace(const Access& access) {
  ApiClient client(access);
  const Json object = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kNamespace}}}};
  return Ok(client.Post("/api/v1/namespaces", object), "create the namespace");
}

bool CreateNodes(const Access& access, std::size_t n) {
  return All(access, n, [](ApiClient& client, std::size_t i) {
    const e2e::NodeSpec spec = {
        .name = NodeName(i),
        .labels = {{"topology.kubernetes.io/zone", "zone-" + std::to_string(i % kZones)},
                   {"example.com/rack", "rack-" + std::to_string(i / kNodesPerRack)},
                   {"nvidia.com/gpu.product", "H100"}}};
    return Ok(client.Post("/api/v1/nodes", e2e::NodeObject(spec)), "create a node");
  });
}

bool CreatePods(const Access& access, const PodPlan& plan, std::size_t n) {
  const PodWriter writer(plan);
  return All(access, n, [&](ApiClient& client, std::size_t i) { return writer.Create(client, i); });
}

bool BindPods(const Access& access, std::size_t pods, std::size_t nodes) {
  return All(access, pods, [nodes](ApiClient& client, std::size_t i) {
    const std::string pod = PodName(i);
    return Ok(client.Send("POST", PodsPath() + "/" + pod + "/binding",
                          BindingBytes(pod, NodeName(i % nodes)), kProtobuf),
              "bind a pod");
  });
}

bool DeletePods(const Access& access, std::size_t n) {
  return All(access, n, [](ApiClient& client, std::size_t i) {
    return Ok(client.Delete(PodsPath() + "/" + PodName(i), {{"gracePeriodSeconds", 0}}),
              "delete a pod");
  });
}

}  // namespace fairlead::bench
