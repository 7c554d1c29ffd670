#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Case {
  const char* storage;
  const char* object;
  std::vector<std::string> complaints;
};

TEST(Admission, RefusesMistakes) {
  const World world;
  const std::string subdomain = "a lowercase RFC 1123 subdomain must";
  for (const Case& c : {
           Case{"leases.coordination.k8s.io",
                R"({"metadata":{"name":"l"},"spec":{"leaseDurationSeconds":0,
                    "leaseTransitions":-1}})",
                {"spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                 "spec.leaseTransitions: Invalid value: -1: must to greater or equal than 0"}},
           Case{"events",
                R"({"metadata":{"name":"e"},"involvedObject":{"namespace":"other"}})",
                {"involvedObject.namespace: Invalid value: \"other\": does not match "
                 "event.namespace"}},
           Case{"events", R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Node"}})", {}},
           Case{"priorityclasses.scheduling.k8s.io",
                R"({"metadata":{"name":"system-x"},"value":1})",
                {"metadata.name: Forbidden: priority class names with 'system-' prefix are "
                 "reserved for system use only. error: system-x is not a known system priority "
                 "class"}},
           Case{"priorityclasses.scheduling.k8s.io",
                R"({"metadata":{"name":"x"},"value":2000000000})",
                {"value: Forbidden: maximum allowed value of a user defined priority is "
                 "1000000000"}},
           Case{"poddisruptionbudgets.policy",
                R"({"metadata":{"name":"b"},"spec":{"minAvailable":-1}})",
                {"spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"}},
           Case{"poddisruptionbudgets.policy",
                R"({"metadata":{"name":"b"},"spec":{"minAvailable":"120%"}})",
                {"spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, "
                 "StrVal:\"120%\"}: must not be greater than 100%"}},
           Case{"poddisruptionbudgets.policy",
                R"({"metadata":{"name":"a/b"},"spec":{}})",
                {"metadata.name: Invalid value: \"a/b\": may not contain '/'"}},
           Case{"nodes",
                R"({"metadata":{"name":"n"},"spec":{"taints":[{"key":"y","effect":"NoSchedule"},
                    {"key":"y","value":"z","effect":"NoSchedule"}]}})",
                {"metadata.taints[1]: Duplicate value: core.Taint{Key:\"y\", Value:\"z\", "
                 "Effect:\"NoSchedule\", TimeAdded:<nil>}: taints must be unique by key and effect "
                 "pair"}},
           Case{"nodes",
                R"({"metadata":{"name":"n"},"status":{"allocatable":{"cpu":"-1"}}})",
                {"status.allocatable.cpu: Invalid value: \"-1\": must be greater than or equal to "
                 "0"}},
           Case{"configmaps",
                R"({"metadata":{}})",
                {"metadata.name: Required value: name or generateName is required"}},
           Case{"configmaps",
                R"({"metadata":{"name":"a","finalizers":["x"]}})",
                {"metadata.finalizers[0]: Invalid value: \"x\": name is neither a standard "
                 "finalizer name nor is it fully qualified"}},
           Case{
               "configmaps",
               R"({"metadata":{"name":"a","labels":{"a":"b c"}}})",
               {"metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or "
                "consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
                "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex "
                "used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"}},
       }) {
    EXPECT_EQ(world.Complaints(c.storage, c.object), c.complaints) << c.object;
  }
  EXPECT_THAT(world.Complaints("nodes", R"({"metadata":{"name":"A_"}})"),
              ElementsAre(StartsWith("metadata.name: Invalid value: \"A_\": " + subdomain)));
}

TEST(Admission, AnnotationsHaveABound) {
  const World world;
  const std::string object =
      R"({"metadata":{"name":"a","annotations":{"k":")" + std::string(262'144, 'x') + R"("}}})";
  EXPECT_THAT(world.Complaints("configmaps", object),
              ElementsAre("metadata.annotations: Too long: must have at most 262144 bytes"));
}

TEST(Admission, OneGlobalDefaultClass) {
  World world;
  world.Class("first", 1, true);
  EXPECT_THAT(
      world.Complaints("priorityclasses.scheduling.k8s.io",
                       R"({"metadata":{"name":"b"},"value":1,"globalDefault":true})"),
      ElementsAre("403: priorityclasses.scheduling.k8s.io \"b\" is forbidden: PriorityClass "
                  "first is already marked as default. Only one default can exist"));
}

TEST(Admission, PriorityOfAClassIsFixed) {
  const World world;
  const char* kStorage = "priorityclasses.scheduling.k8s.io";
  const json::object old = world.Created(kStorage, R"({"metadata":{"name":"b"},"value":1})");
  EXPECT_EQ(GetInt(old, {"metadata", "generation"}, 0), 1);
  json::object changed = old;
  changed["value"] = 2;
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, changed),
              ElementsAre("Value: Forbidden: may not be changed in an update."));
  json::object described = old;
  described["description"] = "d";
  EXPECT_THAT(world.UpdateComplaints(kStorage, old, described), IsEmpty());
}

TEST(Admission, NodesOfferTheirCapacity) {
  const World world;
  const json::object node =
      world.Created("nodes", R"({"metadata":{"name":"n"},"status":{"capacity":{"cpu":"4"}}})");
  EXPECT_EQ(GetString(node, {"status", "allocatable", "cpu"}), "4");
  EXPECT_EQ(Find(node, {"spec", "taints"}), nullptr);
}

TEST(Admission, NodesKeepProviderAndRange) {
  const World world;
  const json::object old = world.Created(
      "nodes", R"({"metadata":{"name":"n"},"spec":{"providerID":"x","podCIDR":"10.0.0.0/24"}})");
  json::object object = old;
  At(&object, {"spec", "providerID"}) = "y";
  EXPECT_THAT(
      world.UpdateComplaints("nodes", old, object),
      ElementsAre("spec.providerID: Forbidden: node updates may not change providerID "
                  "except from \"\" to valid",
                  "[]: Forbidden: node updates may only change labels, taints, or capacity "
                  "(or configSource, if the DynamicKubeletConfig feature gate is enabled)"));
  object = old;
  At(&object, {"spec", "unschedulable"}) = true;
  EXPECT_THAT(world.UpdateComplaints("nodes", old, object), IsEmpty());
}

TEST(Admission, NamespacesBeginActive) {
  const World old;
  const json::object ns =
      old.Created("namespaces", R"({"metadata":{"name":"x"},"status":{"phase":"Terminating"}})");
  EXPECT_EQ(GetString(ns, {"status", "phase"}), "Active");
  EXPECT_EQ(*Find(ns, {"spec", "finalizers"}), json::value(json::array{"kubernetes"}));
  EXPECT_EQ(Find(ns, {"metadata", "labels"}), nullptr);
  const World current(Profile::kCurrent);
  const json::object named = current.Created("namespaces", R"({"metadata":{"name":"x"}})");
  EXPECT_EQ(GetString(named, {"metadata", "labels", "kubernetes.io/metadata.name"}), "x");
  json::object status = ns;
  At(&status, {"status", "phase"}) = "Terminating";
  EXPECT_THAT(old.UpdateComplaints("namespaces", ns, status, "status"),
              ElementsAre("status.Phase: Invalid value: \"Terminating\": may only be 'Active' if "
                          "`deletionTimestamp` is empty"));
}

TEST(Admission, BudgetsCountTheirGenerations) {
  const World world;
  const char* kStorage = "poddisruptionbudgets.policy";
  const json::object old =
      world.Created(kStorage, R"({"metadata":{"name":"b"},"spec":{"minAvailable":1},
                    "status":{"disruptionsAllowed":5}})");
  EXPECT_EQ(GetInt(old, {"metadata", "generation"}, 0), 1);
  EXPECT_EQ(GetInt(old, {"status", "disruptionsAllowed"}, -1), 0);
  json::object object = old;
  At(&object, {"spec", "minAvailable"}) = 2;
  ASSERT_FALSE(PrepareUpdate(world.Context(kStorage), old, "", &object));
  EXPECT_EQ(GetInt(object, {"metadata", "generation"}, 0), 2);
  object = old;
  At(&object, {"status", "disruptionsAllowed"}) = 3;
  ASSERT_FALSE(PrepareUpdate(world.Context(kStorage), old, "status", &object));
  EXPECT_EQ(GetInt(object, {"status", "disruptionsAllowed"}, 0), 3);
  EXPECT_EQ(GetInt(object, {"metadata", "generation"}, 0), 1);
}

TEST(CheckName, FollowsTheKind) {
  const World world;
  EXPECT_FALSE(CheckName(world.Of("pods"), "a.b"));
  EXPECT_TRUE(CheckName(world.Of("namespaces"), "a.b"));
  EXPECT_TRUE(CheckName(world.Of("services"), "1a"));
  EXPECT_FALSE(CheckName(world.Of("events"), "A_b"));
  EXPECT_TRUE(CheckName(world.Of("pods"), std::string(254, 'a')));
}

}  // namespace
}  // namespace fairlead::apiserver
