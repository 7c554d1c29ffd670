#include "scheduler/apiserver/kubelet_node.h"

#include <gtest/gtest.h>

#include <random>

namespace fairlead::apiserver {
namespace {

json::object Parse(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << "\n" << text;
  return value.is_object() ? value.get_object() : json::object();
}

KubeletNode Node(int gpus = 8, int slices = 1) {
  return KubeletNode({{"cpu", 8'000},
                      {"memory", 1'000'000},
                      {"pods", 4'000},
                      {"nvidia.com/gpu", gpus * slices * 1000}},
                     gpus, slices);
}

PodClaim Claim(std::string uid, Amounts requests, std::string assignment = "") {
  requests["pods"] = 1000;
  return {.uid = std::move(uid),
          .requests = std::move(requests),
          .gpu_assignment = std::move(assignment)};
}

PodClaim Gpus(std::string uid, std::int64_t gpus, std::string assignment = "") {
  return Claim(std::move(uid), {{"nvidia.com/gpu", gpus * 1000}}, std::move(assignment));
}

TEST(PodRequests, FollowTheRulesOfPods) {
  struct Case {
    const char* name;
    const char* spec;
    Amounts expected;
  };
  const std::vector<Case> cases = {
      {"nothing", R"({"containers":[{"name":"a"}]})", {{"pods", 1000}}},
      {"containers are summed",
       R"({"containers":[{"resources":{"requests":{"cpu":"250m","memory":"1Ki"}}},
                         {"resources":{"requests":{"cpu":"1"}}}]})",
       {{"cpu", 1250}, {"memory", 1'024'000}, {"pods", 1000}}},
      {"rounded up",
       R"({"containers":[{"resources":{"requests":{"cpu":"0.0001"}}}]})",
       {{"cpu", 1}, {"pods", 1000}}},
      {"the largest init container counts, not their sum",
       R"({"initContainers":[{"resources":{"requests":{"cpu":"3"}}},
                             {"resources":{"requests":{"cpu":"2"}}}],
           "containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
       {{"cpu", 3000}, {"pods", 1000}}},
      // 1 (container) + 2 (keeps running) = 3; while the last one starts: 2 + 4 = 6
      {"init containers that keep running add to both",
       R"({"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"2"}}},
                             {"resources":{"requests":{"cpu":"4"}}}],
           "containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
       {{"cpu", 6000}, {"pods", 1000}}},
      {"requests of the pod replace those of its containers, overhead comes on top",
       R"({"resources":{"requests":{"cpu":"5"}},"overhead":{"cpu":"100m"},
           "containers":[{"resources":{"requests":{"cpu":"1","nvidia.com/gpu":"2"}}}]})",
       {{"cpu", 5100}, {"nvidia.com/gpu", 2000}, {"pods", 1000}}},
  };
  for (const Case& c : cases) {
    json::object pod;
    pod["spec"] = Parse(c.spec);
    EXPECT_EQ(PodRequests(pod), c.expected) << c.name;
  }
}

TEST(NodeMatches, SelectorAndRequiredAffinity) {
  const json::object labels = Parse(R"({"zone":"a","n":"7"})");
  const auto term = [](const std::string& expressions) {
    return R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
              {"nodeSelectorTerms":[)" +
           expressions + "]}}}}";
  };
  const auto match = [&](const std::string& expression) {
    return term(R"({"matchExpressions":[)" + expression + "]}");
  };
  const std::vector<std::pair<std::string, bool>> cases = {
      {"{}", true},
      {R"({"nodeSelector":{"zone":"a"}})", true},
      {R"({"nodeSelector":{"zone":"b"}})", false},
      {R"({"nodeSelector":{"other":""}})", false},
      {match(R"({"key":"zone","operator":"In","values":["b","a"]})"), true},
      {match(R"({"key":"zone","operator":"NotIn","values":["b","a"]})"), false},
      {match(R"({"key":"absent","operator":"NotIn","values":["b"]})"), true},
      {match(R"({"key":"zone","operator":"Exists"})"), true},
      {match(R"({"key":"zone","operator":"DoesNotExist"})"), false},
      {match(R"({"key":"n","operator":"Gt","values":["6"]})"), true},
      {match(R"({"key":"n","operator":"Gt","values":["7"]})"), false},
      {match(R"({"key":"n","operator":"Lt","values":["8"]})"), true},
      {match(R"({"key":"zone","operator":"Lt","values":["8"]})"), false},
      {term("{}"), false},
      {term(R"({},{"matchExpressions":[{"key":"zone","operator":"Exists"}]})"), true},
      {term(R"({"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]})"), true},
      {term(R"({"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]})"), false},
  };
  for (const auto& [spec, expected] : cases) {
    json::object pod;
    pod["spec"] = Parse(spec);
    EXPECT_EQ(NodeMatches(pod, &labels, "n1"), expected) << spec;
  }
}

TEST(GpuAssignment, Forms) {
  struct Case {
    const char* text;
    std::int64_t requested;
    const char* expected;  // "device:slices ...", "-" if it is refused
  };
  const std::vector<Case> cases = {
      {"0,1", 2, "0:1 1:1"},
      {"0,1", 8, "0:4 1:4"},
      {"3", 1, "3:1"},
      {"0,0,1", 3, "0:1 0:1 1:1"},
      {"0:2,1:2", 4, "0:2 1:2"},
      {"0:2,1", 3, "0:2 1:1"},
      {"0,1", 3, "-"},
      {"0:2", 3, "-"},
      {"", 1, "-"},
      {"0,", 1, "-"},
      {"x", 1, "-"},
      {"-1", 1, "-"},
      {"0:0", 0, "-"},
      {"0", 0, "-"},
      {"0:", 1, "-"},
      {"0:2,1", 2, "-"},
      {"0:1/4", 0, "0:1/4"},
      {"0:1/4,1:3/4", 0, "0:1/4 1:3/4"},
      {"0:1/4,1", 1, "0:1/4 1:1"},
      {"0:1/4", 1, "-"},
      {"0:5/4", 0, "-"},
      {"0:1/0", 0, "-"},
      {"0:1/", 0, "-"},
  };
  for (const Case& c : cases) {
    const auto shares = ParseGpuAssignment(c.text, c.requested);
    std::string text = shares ? "" : "-";
    for (const DeviceShare& share : shares.value_or(std::vector<DeviceShare>())) {
      text += (text.empty() ? "" : " ") + std::to_string(share.device) + ":" +
              std::to_string(share.slices);
      if (share.of != 0) text += "/" + std::to_string(share.of);
    }
    EXPECT_EQ(text, c.expected) << c.text;
  }
}

// Parts of a device that are assigned beside what pods request count on it all the same.
TEST(KubeletNode, PartsOfDevicesAddUp) {
  KubeletNode node({{"pods", 10'000}, {"nvidia.com/gpu", 2'000}}, 2, 1);
  const auto part = [](const std::string& uid, const std::string& assignment) {
    PodClaim claim = Claim(uid, {});
    claim.gpu_assignment = assignment;
    return claim;
  };
  PodClaim whole = Claim("w", {{"nvidia.com/gpu", 1'000}});
  whole.gpu_assignment = "0";
  EXPECT_TRUE(node.Admit(part("a", "0:1/3,1:1/3")).admitted);
  EXPECT_TRUE(node.Admit(part("b", "0:1/2")).admitted);
  EXPECT_TRUE(node.Admit(part("c", "0:1/6")).admitted) << "1/3 + 1/2 + 1/6 = 1";
  const Verdict over = node.Admit(part("d", "0:1/64"));
  EXPECT_FALSE(over.admitted);
  EXPECT_TRUE(over.double_booking);
  EXPECT_TRUE(node.Admit(whole).double_booking);
  for (const char* uid : {"a", "b", "c"}) node.Release(uid);
  EXPECT_TRUE(node.Admit(whole).admitted);
  EXPECT_TRUE(node.Admit(part("e", "0:1/64")).double_booking);
}

TEST(KubeletNode, RefusesWhatDoesNotFit) {
  struct Case {
    const char* name;
    std::vector<PodClaim> before;
    PodClaim claim;
    std::string reason, message;
    bool double_booking;
  };
  PodClaim elsewhere = Claim("p", {{"cpu", 1}});
  elsewhere.node_matches = false;
  const std::vector<Case> cases = {
      {"fits exactly", {Claim("a", {{"cpu", 3000}})}, Claim("p", {{"cpu", 5000}}), "", "", false},
      {"cpu",
       {Claim("a", {{"cpu", 3000}})},
       Claim("p", {{"cpu", 5001}}),
       "OutOfcpu",
       "Node didn't have enough resource: cpu, requested: 5001, used: 3000, capacity: 8000",
       true},
      {"memory",
       {},
       Claim("p", {{"memory", 1'001'000}}),
       "OutOfmemory",
       "Node didn't have enough resource: memory, requested: 1001, used: 0, capacity: 1000",
       true},
      {"pods come first",
       {Claim("a", {}), Claim("b", {}), Claim("c", {}), Claim("d", {})},
       Claim("p", {{"cpu", 9000}}),
       "OutOfpods",
       "Node didn't have enough resource: pods, requested: 1, used: 4, capacity: 4",
       true},
      {"gpus",
       {Gpus("a", 7)},
       Gpus("p", 2),
       "OutOfnvidia.com/gpu",
       "Node didn't have enough resource: nvidia.com/gpu, requested: 2, used: 7, capacity: 8",
       true},
      {"a resource that the node does not have",
       {},
       Claim("p", {{"example.com/x", 1000}}),
       "OutOfexample.com/x",
       "Node didn't have enough resource: example.com/x, requested: 1, used: 0, capacity: 0",
       true},
      {"another node was wanted",
       {},
       elsewhere,
       "NodeAffinity",
       "Predicate NodeAffinity failed",
       false},
      {"the same device",
       {Gpus("a", 2, "0,1")},
       Gpus("p", 1, "1"),
       "UnexpectedAdmissionError",
       "Allocate failed due to device 1 of nvidia.com/gpu being in use. Requested: 1, Available: "
       "0, which is unexpected",
       true},
      {"the same device twice in one pod",
       {},
       Gpus("p", 2, "1,1"),
       "UnexpectedAdmissionError",
       "Allocate failed due to device 1 of nvidia.com/gpu being in use. Requested: 2, Available: "
       "1, which is unexpected",
       true},
      {"another device", {Gpus("a", 2, "0,1")}, Gpus("p", 1, "2"), "", "", false},
      {"a device that is not there",
       {},
       Gpus("p", 1, "8"),
       "UnexpectedAdmissionError",
       "Allocate failed due to device 8 of nvidia.com/gpu being unknown, which is unexpected",
       false},
      {"not what was requested",
       {},
       Gpus("p", 2, "1:1"),
       "UnexpectedAdmissionError",
       "Allocate failed due to the assignment '1:1' for 2 requested nvidia.com/gpu, which is "
       "unexpected",
       false},
      {"without an assignment any device does", {Gpus("a", 2)}, Gpus("p", 1, "0"), "", "", false},
  };
  for (const Case& c : cases) {
    KubeletNode node = Node();
    for (const PodClaim& claim : c.before) EXPECT_TRUE(node.Admit(claim).admitted) << c.name;
    const Amounts held = node.held();
    const Verdict verdict = node.Admit(c.claim);
    EXPECT_EQ(verdict.admitted, c.reason.empty()) << c.name;
    EXPECT_EQ(verdict.reason, c.reason) << c.name;
    EXPECT_EQ(verdict.message, c.message) << c.name;
    EXPECT_EQ(verdict.double_booking, c.double_booking) << c.name;
    if (!verdict.admitted) {
      EXPECT_EQ(node.held(), held) << c.name;
    }
  }
}

TEST(KubeletNode, SlicesOfOneDeviceAreSharedButNotExceeded) {
  KubeletNode node = Node(2, 4);
  EXPECT_TRUE(node.Admit(Gpus("a", 2, "0:2")).admitted);
  EXPECT_TRUE(node.Admit(Gpus("b", 2, "0:2")).admitted);
  EXPECT_TRUE(node.Admit(Gpus("c", 3, "1:3")).admitted);
  EXPECT_TRUE(node.Admit(Gpus("d", 1, "0")).double_booking);
  EXPECT_TRUE(node.Admit(Gpus("e", 1, "1")).admitted);
  node.Release("b");
  EXPECT_TRUE(node.Admit(Gpus("d", 1, "0")).admitted);
  EXPECT_EQ(node.assigned(), (std::vector<std::int64_t>{3, 4}));
}

TEST(KubeletNode, ABrokenDeviceTakesItsRoomAlong) {
  KubeletNode node = Node(2, 4);
  EXPECT_TRUE(node.Break(1));
  EXPECT_FALSE(node.Break(1));
  EXPECT_FALSE(node.Break(2));
  EXPECT_FALSE(node.Break(-1));
  EXPECT_EQ(node.allocatable().at("nvidia.com/gpu"), 4000);
  const Verdict on_it = node.Admit(Gpus("a", 1, "1"));
  EXPECT_EQ(on_it.reason, "UnexpectedAdmissionError");
  EXPECT_FALSE(on_it.double_booking);
  // Nobody gave this room away twice: it was lost.
  const Verdict too_many = node.Admit(Gpus("b", 8));
  EXPECT_EQ(too_many.reason, "OutOfnvidia.com/gpu");
  EXPECT_FALSE(too_many.double_booking);
  EXPECT_TRUE(node.Admit(Gpus("c", 4, "0:4")).admitted);
}

TEST(KubeletNode, AdmittingTwiceHoldsOnce) {
  KubeletNode node = Node();
  EXPECT_TRUE(node.Admit(Gpus("a", 8, "0,1,2,3,4,5,6,7")).admitted);
  EXPECT_TRUE(node.Admit(Gpus("a", 8, "0,1,2,3,4,5,6,7")).admitted);
  node.Release("a");
  node.Release("a");
  EXPECT_TRUE(node.held().empty());
  EXPECT_EQ(node.admitted(), 0U);
}

// I1 and I2 against a recomputation, over random admissions and releases.
TEST(KubeletNode, HeldRoomIsTheSumOverAdmittedPods) {
  std::mt19937_64 random(7);
  const auto draw = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  for (int round = 0; round < 200; ++round) {
    const int slices = 1 + draw(4);
    KubeletNode node = Node(4, slices);
    std::map<std::string, PodClaim> admitted;
    for (int step = 0; step < 60; ++step) {
      const std::string uid = std::to_string(draw(8));
      if (draw(3) == 0) {
        node.Release(uid);
        admitted.erase(uid);
      } else if (!admitted.contains(uid)) {
        const int wanted = draw(2 * slices + 1);
        std::string assignment;
        for (int i = 0; i < wanted && wanted % 2 == 0; ++i) {
          assignment += (i == 0 ? "" : ",") + std::to_string(draw(5));
        }
        PodClaim claim = Gpus(uid, wanted, assignment);
        claim.requests["cpu"] = draw(4) * 1000;
        if (node.Admit(claim).admitted) admitted.emplace(uid, claim);
      }
      Amounts held;
      std::vector<std::int64_t> devices(4, 0);
      for (const auto& [key, claim] : admitted) {
        for (const auto& [name, amount] : claim.requests) {
          if (amount != 0) held[name] += amount;
        }
        if (claim.gpu_assignment.empty()) continue;
        const auto shares =
            ParseGpuAssignment(claim.gpu_assignment, claim.requests.at("nvidia.com/gpu") / 1000);
        for (const auto& share : *shares)
          devices[static_cast<std::size_t>(share.device)] += share.slices;
      }
      ASSERT_EQ(node.held(), held);
      ASSERT_EQ(node.assigned(), devices);
      for (const auto& [name, amount] : held) ASSERT_LE(amount, node.allocatable().at(name));
      for (const std::int64_t taken : devices) ASSERT_LE(taken, slices);
    }
  }
}

}  // namespace
}  // namespace fairlead::apiserver
