// The judge itself: simulated kubelets, watch and proxy against the real API server, without a
// scheduler. A judge that cannot find fault proves nothing.
#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using HarnessTest = E2eTest;

TEST_F(HarnessTest, PodBoundByHandRunsAndFinishes) {
  AddNodes(1);
  CreatePod({.name = "p", .gpus = 8, .runtime_ms = "50"});
  ASSERT_TRUE(BindByHand("p", NodeName(0)));
  EXPECT_TRUE(WaitPhase("p", "Succeeded"));
  const Counters counters = kubelets().counters();
  EXPECT_EQ(counters.bound, 1);
  EXPECT_EQ(counters.admitted, 1);
  // A finished pod holds no room.
  CreatePod({.name = "q", .gpus = 8});
  ASSERT_TRUE(BindByHand("q", NodeName(0)));
  EXPECT_TRUE(WaitPhase("q", "Running"));
}

struct Overbooking {
  const char* name;
  PodOptions first, second;
  const char* reason;

  // Else the name of the test would show addresses.
  friend void PrintTo(const Overbooking& it, std::ostream* out) { *out << it.name; }
};

class Overbookings : public E2eTest, public testing::WithParamInterface<Overbooking> {};

TEST_P(Overbookings, AreRejectedAndCounted) {
  AddNodes(1, {.name = "", .cpu = 8, .memory_gib = 16, .gpus = 4});
  PodOptions first = GetParam().first;
  PodOptions second = GetParam().second;
  first.name = "first";
  second.name = "second";
  CreatePod(first);
  CreatePod(second);
  ASSERT_TRUE(BindByHand("first", NodeName(0)));
  ASSERT_TRUE(WaitPhase("first", "Running"));
  ASSERT_TRUE(BindByHand("second", NodeName(0)));
  ASSERT_TRUE(WaitPhase("second", "Failed"));
  std::string reason;
  kubelets().Look(
      [&](const ClusterView& view) { reason = view.Find(ns(), "second")->status_reason; });
  EXPECT_EQ(reason, GetParam().reason);
  EXPECT_EQ(kubelets().counters().double_bookings, 1);
  EXPECT_EQ(kubelets().counters().admitted, 1);
  expected_double_bookings_ = 1;
}

INSTANTIATE_TEST_SUITE_P(
    Harness, Overbookings,
    testing::Values(Overbooking{"Gpu", {.gpus = 3}, {.gpus = 2}, "OutOfnvidia.com/gpu"},
                    Overbooking{"Cpu", {.cpu = "7500m"}, {.cpu = "501m"}, "OutOfcpu"},
                    Overbooking{
                        "Memory", {.memory = "15Gi"}, {.memory = "1073741825"}, "OutOfmemory"}),
    [](const auto& test) { return test.param.name; });

TEST_F(HarnessTest, ExactFitIsAdmitted) {
  AddNodes(1, {.name = "", .cpu = 8, .memory_gib = 16, .gpus = 4, .pods = 2});
  for (const char* name : {"a", "b"}) {
    CreatePod({.name = name, .cpu = "4", .memory = "8Gi", .gpus = 2});
    ASSERT_TRUE(BindByHand(name, NodeName(0)));
  }
  EXPECT_TRUE(WaitRunning(2));
}

TEST_F(HarnessTest, TooManyPodsOnANodeAreADoubleBooking) {
  AddNodes(1, {.name = "", .pods = 1});
  for (const char* name : {"a", "b"}) {
    CreatePod({.name = name});
    ASSERT_TRUE(BindByHand(name, NodeName(0)));
  }
  EXPECT_TRUE(WaitPhase("b", "Failed"));
  expected_double_bookings_ = 1;
}

TEST_F(HarnessTest, DeletedPodGivesItsRoomBack) {
  AddNodes(1);
  CreatePod({.name = "a", .gpus = 8});
  ASSERT_TRUE(BindByHand("a", NodeName(0)));
  ASSERT_TRUE(WaitPhase("a", "Running"));
  // An eviction leaves the pod terminating until its kubelet lets it go.
  const Json eviction = {{"apiVersion", "policy/v1beta1"},
                         {"kind", "Eviction"},
                         {"metadata", {{"name", "a"}, {"namespace", ns()}}}};
  ASSERT_TRUE(api().Post(PodPath("a") + "/eviction", eviction).ok());
  ASSERT_TRUE(kubelets().WaitFor(
      seconds(20), [&](const ClusterView& view) { return view.Find(ns(), "a") == nullptr; }));
  CreatePod({.name = "b", .gpus = 8});
  ASSERT_TRUE(BindByHand("b", NodeName(0)));
  EXPECT_TRUE(WaitPhase("b", "Running"));
}

TEST_F(HarnessTest, KubeletsThatStartLateSeeWhatRuns) {
  AddNodes(1);
  CreatePod({.name = "a", .gpus = 6});
  ASSERT_TRUE(BindByHand("a", NodeName(0)));
  ASSERT_TRUE(WaitPhase("a", "Running"));
  SimKubelets late(plane().admin(), {.observe_only = true});
  late.Look([&](const ClusterView& view) {
    ASSERT_NE(view.Find(ns(), "a"), nullptr);
    EXPECT_EQ(view.Find(ns(), "a")->phase, "Running");
    EXPECT_EQ(view.Find(ns(), "a")->requests.at("nvidia.com/gpu"), 6000);
  });
}

TEST_F(HarnessTest, JobsMakePods) {
  CreateJob("job", 3, {.gang = "true"});
  EXPECT_TRUE(kubelets().WaitFor(
      seconds(30), [&](const ClusterView& view) { return view.Count(ns(), "Pending") == 3; }));
}

TEST_F(HarnessTest, ProxyForwardsRequestsAndWatches) {
  CuttingProxy proxy(plane().admin(), [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(proxy.Listen());
  Access through = plane().admin();
  through.port = proxy.port();
  through.tls = false;
  SimKubelets watching(through, {.observe_only = true});
  CreatePod({.name = "a"});
  EXPECT_TRUE(watching.WaitFor(
      seconds(20), [&](const ClusterView& view) { return view.Find(ns(), "a") != nullptr; }));
  // Cut off and back: the watch goes on where it was.
  const std::uint16_t port = proxy.port();
  proxy.GoDown();
  CreatePod({.name = "b"});
  DeletePod("a");
  ASSERT_TRUE(proxy.Listen(port));
  EXPECT_TRUE(watching.WaitFor(seconds(20), [&](const ClusterView& view) {
    return view.Find(ns(), "b") != nullptr && view.Find(ns(), "a") == nullptr;
  }));
}

TEST_F(HarnessTest, ProxyLosesRepliesOnlyAfterTheServerActed) {
  AddNodes(1);
  CreatePod({.name = "a"});
  CuttingProxy proxy(plane().admin(), [](const ProxiedRequest& request) {
    if (request.IsBindingOf("a")) return Fate::kLoseReply;
    return request.IsBindingOf("b") ? Fate::kRefuse : Fate::kForward;
  });
  ASSERT_TRUE(proxy.Listen());
  Access through = plane().admin();
  through.port = proxy.port();
  through.tls = false;
  Json binding = BindingObject("a", NodeName(0));
  EXPECT_EQ(ApiClient(through).Post(PodPath("a") + "/binding", binding).status, 0);
  EXPECT_TRUE(WaitPhase("a", "Running"));
  CreatePod({.name = "b"});
  binding = BindingObject("b", NodeName(0));
  EXPECT_EQ(ApiClient(through).Post(PodPath("b") + "/binding", binding).status, 0);
  EXPECT_EQ(api().Get(PodPath("b")).ToJson()["spec"].value("nodeName", ""), "");
}

}  // namespace
}  // namespace fairlead::e2e
