#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kPlain =
    R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})";

std::string PodWith(std::string_view spec) {
  return R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}],)" +
         std::string(spec) + "}}";
}
std::string PodWithContainer(std::string_view fields) {
  return R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i",)" +
         std::string(fields) + "}]}}";
}

TEST(PodAdmission, ANewPodHasTheRealServersDefaults) {
  const World world;
  const json::object pod = world.Created("pods", kPlain);
  EXPECT_EQ(*Find(pod, {"spec"}), json::value(Parsed(R"({
    "containers":[{"name":"c","image":"i","resources":{},
      "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
      "imagePullPolicy":"Always"}],
    "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
    "securityContext":{},"schedulerName":"default-scheduler","enableServiceLinks":true,
    "priority":0,"preemptionPolicy":"PreemptLowerPriority",
    "tolerations":[
      {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute",
       "tolerationSeconds":300},
      {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute",
       "tolerationSeconds":300}]})")));
  EXPECT_EQ(*Find(pod, {"status"}),
            json::value(Parsed(R"({"phase":"Pending","qosClass":"BestEffort"})")));
  EXPECT_EQ(Find(pod, {"metadata", "generation"}), nullptr);
}

TEST(PodAdmission, PullPolicyFollowsTheTag) {
  struct Case {
    const char* image;
    const char* policy;
  };
  for (const Case& c :
       {Case{"i", "Always"}, Case{"i:latest", "Always"}, Case{"i:v1", "IfNotPresent"},
        Case{"reg:5000/i", "Always"}, Case{"reg:5000/i:v1", "IfNotPresent"},
        Case{"i@sha256:aaaa", "IfNotPresent"}}) {
    json::object object = Parsed(kPlain);
    const World world;
    const json::object pod = world.Created(
        "pods", R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":")" +
                    std::string(c.image) + "\"}]}}");
    const json::array* containers = FindArray(pod, {"spec", "containers"});
    ASSERT_NE(containers, nullptr);
    EXPECT_EQ(GetString(containers->front().get_object(), {"imagePullPolicy"}), c.policy)
        << c.image;
  }
}

TEST(PodAdmission, QualityOfService) {
  struct Case {
    const char* resources;
    const char* qos;
  };
  for (const Case& c :
       {Case{R"({})", "BestEffort"}, Case{R"({"limits":{"nvidia.com/gpu":"1"}})", "BestEffort"},
        Case{R"({"requests":{"cpu":"0"}})", "BestEffort"},
        Case{R"({"requests":{"cpu":"1"}})", "Burstable"},
        Case{R"({"limits":{"cpu":"1"}})", "Burstable"},
        Case{R"({"limits":{"cpu":"1","memory":"1Gi"}})", "Guaranteed"},
        Case{R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}})", "Burstable"}}) {
    const World world;
    const json::object pod =
        world.Created("pods", PodWithContainer(R"("resources":)" + std::string(c.resources)));
    EXPECT_EQ(GetString(pod, {"status", "qosClass"}), c.qos) << c.resources;
  }
}

TEST(PodAdmission, LimitsAreCopiedIntoRequests) {
  const World world;
  const json::object pod = world.Created(
      "pods", PodWithContainer(R"("resources":{"limits":{"nvidia.com/gpu":"2","cpu":"2"},
                                  "requests":{"cpu":"1"}})"));
  const json::object& container = FindArray(pod, {"spec", "containers"})->front().get_object();
  EXPECT_EQ(*Find(container, {"resources", "requests"}),
            json::value(Parsed(R"({"cpu":"1","nvidia.com/gpu":"2"})")));
}

struct SpecCase {
  const char* spec;
  const char* complaint;
};

TEST(PodAdmission, RefusesMistakesInTheSpec) {
  const World world;
  for (const SpecCase& c : {
           SpecCase{R"("restartPolicy":"Foo")",
                    R"(spec.restartPolicy: Unsupported value: "Foo": supported values: "Always", )"
                    R"("OnFailure", "Never")"},
           SpecCase{R"("dnsPolicy":"Foo")",
                    R"(spec.dnsPolicy: Unsupported value: "Foo": supported values: )"
                    R"("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")"},
           SpecCase{R"("activeDeadlineSeconds":0)",
                    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and "
                    "2147483647, inclusive"},
           SpecCase{R"("nodeName":"A_b")",
                    R"(spec.nodeName: Invalid value: "A_b": a lowercase RFC 1123 subdomain must )"
                    R"(consist of lower case alphanumeric characters, '-' or '.', and must start )"
                    R"(and end with an alphanumeric character (e.g. 'example.com', regex used for )"
                    R"(validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9]))"
                    R"(?)*'))"},
           SpecCase{R"("tolerations":[{"key":"a","operator":"Foo"}])",
                    R"(spec.tolerations[0].operator: Unsupported value: "Foo": supported values: )"
                    R"("Equal", "Exists")"},
           SpecCase{R"("tolerations":[{"key":"a","operator":"Exists","value":"x"}])",
                    R"(spec.tolerations[0].operator: Invalid value: core.Toleration{Key:"a", )"
                    R"(Operator:"Exists", Value:"x", Effect:"", TolerationSeconds:(*int64)(nil)}: )"
                    R"(value must be empty when `operator` is 'Exists')"},
           SpecCase{R"("tolerations":[{"operator":"Equal","value":"x"}])",
                    R"(spec.tolerations[0].operator: Invalid value: "Equal": operator must be )"
                    R"(Exists when `key` is empty, which means "match all values and all keys")"},
           SpecCase{R"("tolerations":[{"key":"a","effect":"Foo"}])",
                    R"(spec.tolerations[0].effect: Unsupported value: "Foo": supported values: )"
                    R"("NoSchedule", "PreferNoSchedule", "NoExecute")"},
           SpecCase{R"("tolerations":[{"key":"a","effect":"NoSchedule","tolerationSeconds":3}])",
                    R"(spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be )"
                    R"('NoExecute' when `tolerationSeconds` is set)"},
           SpecCase{R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
                       {"nodeSelectorTerms":[]}}})",
                    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                    "nodeSelectorTerms: Required value: must have at least one node selector term"},
           SpecCase{
               R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
                       {"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Foo"}]}]}}})",
               "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
               "nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: \"Foo\": not "
               "a valid selector operator"},
           SpecCase{R"("topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"z",
                       "whenUnsatisfiable":"DoNotSchedule"}])",
                    "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater "
                    "than zero"},
           SpecCase{R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z",
                       "whenUnsatisfiable":"DoNotSchedule"},{"maxSkew":2,"topologyKey":"z",
                       "whenUnsatisfiable":"DoNotSchedule"}])",
                    "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate "
                    "value: \"{z, DoNotSchedule}\""},
           SpecCase{R"("volumes":[{"name":"x"},{"name":"x"}])",
                    R"(spec.volumes[1].name: Duplicate value: "x")"},
           SpecCase{R"("volumes":[{"name":"x","emptyDir":{},"hostPath":{"path":"/a"}}])",
                    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"},
           SpecCase{R"("initContainers":[{"name":"c","image":"i"}])",
                    R"(spec.initContainers[0].name: Duplicate value: "c")"},
       }) {
    EXPECT_THAT(world.Complaints("pods", PodWith(c.spec)), ElementsAre(c.complaint)) << c.spec;
  }
}

TEST(PodAdmission, RefusesMistakesInContainers) {
  const World world;
  for (const SpecCase& c : {
           SpecCase{R"("resources":{"requests":{"cpu":"-1"}})",
                    R"(spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be )"
                    R"(greater than or equal to 0)"},
           SpecCase{R"("resources":{"requests":{"memory":"2Gi"},"limits":{"memory":"1Gi"}})",
                    R"(spec.containers[0].resources.requests: Invalid value: "2Gi": must be less )"
                    R"(than or equal to memory limit)"},
           SpecCase{
               R"("resources":{"requests":{"nvidia.com/gpu":"1"},
                       "limits":{"nvidia.com/gpu":"2"}})",
               R"(spec.containers[0].resources.requests: Invalid value: "1": must be equal to )"
               R"(nvidia.com/gpu limit)"},
           SpecCase{R"("resources":{"requests":{"nvidia.com/gpu":"1"}})",
                    "spec.containers[0].resources.limits: Required value: Limit must be set for "
                    "non overcommitable resources"},
           SpecCase{R"("resources":{"limits":{"hugepages-2Mi":"2Mi"}})",
                    "spec.containers[0].resources: Forbidden: HugePages require cpu or memory"},
           SpecCase{R"("ports":[{"containerPort":0}])",
                    "spec.containers[0].ports[0].containerPort: Required value"},
           SpecCase{R"("ports":[{"containerPort":70000}])",
                    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be "
                    "between 1 and 65535, inclusive"},
           SpecCase{
               R"("ports":[{"containerPort":1,"hostPort":5},{"containerPort":2,"hostPort":5}])",
               R"(spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//5")"},
           SpecCase{R"("imagePullPolicy":"Foo")",
                    R"(spec.containers[0].imagePullPolicy: Unsupported value: "Foo": supported )"
                    R"(values: "Always", "IfNotPresent", "Never")"},
           SpecCase{R"("env":[{"name":""}])", "spec.containers[0].env[0].name: Required value"},
           SpecCase{R"("volumeMounts":[{"name":"nope","mountPath":"/a"}])",
                    R"(spec.containers[0].volumeMounts[0].name: Not found: "nope")"},
       }) {
    EXPECT_THAT(world.Complaints("pods", PodWithContainer(c.spec)), ElementsAre(c.complaint))
        << c.spec;
  }
}

TEST(PodAdmission, ExtendedResourcesAreWhole) {
  const World world;
  EXPECT_THAT(
      world.Complaints("pods",
                       PodWithContainer(R"("resources":{"limits":{"nvidia.com/gpu":"500m"}})")),
      ElementsAre(
          R"(spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: )"
          R"(resource.Quantity{i:resource.int64Amount{value:500, scale:-3}, )"
          R"(d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"500m", Format:"DecimalSI"}: must be )"
          R"(an integer)",
          StartsWith("spec.containers[0].resources.requests[nvidia.com/gpu]")));
}

TEST(PodAdmission, ContainersAreNeededAndNamed) {
  const World world;
  EXPECT_THAT(world.Complaints("pods", R"({"metadata":{"name":"p"},"spec":{}})"),
              ElementsAre("spec.containers: Required value"));
  EXPECT_THAT(world.Complaints(
                  "pods", R"({"metadata":{"name":"p"},"spec":{"containers":[{"image":"i"}]}})"),
              ElementsAre("spec.containers[0].name: Required value"));
  EXPECT_THAT(
      world.Complaints("pods", R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}})"),
      ElementsAre("spec.containers[0].image: Required value"));
}

TEST(PodAdmission, PriorityComesFromTheClass) {
  World world;
  world.Class("high", 7, false);
  const json::object pod = world.Created("pods", PodWith(R"("priorityClassName":"high")"));
  EXPECT_EQ(GetInt(pod, {"spec", "priority"}, 0), 7);
  EXPECT_THAT(
      world.Complaints("pods", PodWith(R"("priorityClassName":"nope")")),
      ElementsAre(R"(403: pods "p" is forbidden: no PriorityClass with name nope was found)"));
  EXPECT_THAT(
      world.Complaints("pods", PodWith(R"("priority":5)")),
      ElementsAre(
          R"(403: pods "p" is forbidden: the integer value of priority (5) must not be )"
          R"(provided in pod spec; priority admission controller computed 0 from the given )"
          R"(PriorityClass name)"));
  world.Class("usual", 3, true);
  const json::object other = world.Created("pods", kPlain);
  EXPECT_EQ(GetInt(other, {"spec", "priority"}, 0), 3);
  EXPECT_EQ(GetString(other, {"spec", "priorityClassName"}), "usual");
}

TEST(PodAdmission, NamespacesMustBeThereAndStay) {
  World world;
  world.Namespace("ending", "Terminating");
  EXPECT_THAT(world.Complaints("pods", R"({"metadata":{"name":"p","namespace":"nope"}})"),
              ElementsAre(R"(404: namespaces "nope" not found)"));
  EXPECT_THAT(
      world.Complaints("pods", R"({"metadata":{"name":"p","namespace":"ending"}})"),
      ElementsAre("metadata.namespace: namespace ending is being terminated",
                  R"(403: pods "p" is forbidden: unable to create new content in namespace )"
                  R"(ending because it is being terminated)"));
}

TEST(PodAdmission, UpdatesMayChangeLittle) {
  const World world;
  const json::object old = world.Created("pods", PodWith(R"("activeDeadlineSeconds":10)"));
  struct Case {
    const char* path;
    json::value value;
    std::vector<std::string> complaints;
  };
  const std::string forbidden =
      "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`, "
      "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only "
      "additions to existing tolerations)";
  for (const Case& c :
       {Case{"activeDeadlineSeconds", 5, {}},
        Case{"activeDeadlineSeconds",
             11,
             {"spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to "
              "previous value"}},
        Case{"nodeName", "n", {forbidden}}, Case{"schedulerName", "x", {forbidden}},
        Case{"terminationGracePeriodSeconds", 5, {forbidden}}, Case{"priority", 4, {forbidden}},
        Case{"initContainers",
             json::array{json::object{{"name", "z"}, {"image", "i"}}},
             {"spec.initContainers: Forbidden: pod updates may not add or remove containers"}}}) {
    json::object object = old;
    At(&object, {"spec", c.path}) = c.value;
    EXPECT_EQ(world.UpdateComplaints("pods", old, object), c.complaints) << c.path;
  }
  json::object image = old;
  At(&image.at("spec").at("containers").at(0).as_object(), {"image"}) = "other";
  EXPECT_THAT(world.UpdateComplaints("pods", old, image), IsEmpty());
}

TEST(PodAdmission, TolerationsMayBeAddedOnly) {
  const World world;
  const json::object old =
      world.Created("pods", PodWith(R"("tolerations":[{"key":"a","operator":"Exists"}])"));
  json::object more = old;
  ArrayAt(&more, {"spec", "tolerations"})
      .emplace_back(Parsed(R"({"key":"b","operator":"Exists"})"));
  EXPECT_THAT(world.UpdateComplaints("pods", old, more), IsEmpty());
  json::object less = old;
  ArrayAt(&less, {"spec", "tolerations"}).erase(ArrayAt(&less, {"spec", "tolerations"}).begin());
  EXPECT_THAT(world.UpdateComplaints("pods", old, less),
              ElementsAre("spec.tolerations: Forbidden: existing toleration can not be modified "
                          "except its tolerationSeconds"));
}

TEST(PodAdmission, SpecAndStatusAreWrittenApart) {
  const World world;
  const json::object old = world.Created("pods", kPlain);
  json::object status = old;
  At(&status, {"spec", "nodeName"}) = "n";
  At(&status, {"status", "phase"}) = "Running";
  At(&status, {"metadata", "labels", "a"}) = "b";
  ASSERT_FALSE(PrepareUpdate(world.Context("pods"), old, "status", &status));
  EXPECT_EQ(GetString(status, {"spec", "nodeName"}), "");
  EXPECT_EQ(GetString(status, {"status", "phase"}), "Running");
  EXPECT_EQ(GetString(status, {"metadata", "labels", "a"}), "b");
  json::object main = old;
  At(&main, {"status", "phase"}) = "Running";
  ASSERT_FALSE(PrepareUpdate(world.Context("pods"), old, "", &main));
  EXPECT_EQ(GetString(main, {"status", "phase"}), "Pending");
}

TEST(PodAdmission, GatesOfCurrentServers) {
  const World world(Profile::kCurrent);
  const std::string gated = PodWith(R"("schedulingGates":[{"name":"x"}])");
  const json::object old = world.Created("pods", gated);
  EXPECT_EQ(*Find(old, {"status", "conditions"}), json::value(json::parse(R"([{
      "type":"PodScheduled","status":"False","lastProbeTime":null,"lastTransitionTime":null,
      "reason":"SchedulingGated",
      "message":"Scheduling is blocked due to non-empty scheduling gates"}])")));
  EXPECT_EQ(GetInt(old, {"metadata", "generation"}, 0), 1);
  json::object freed = old;
  Erase(&freed, {"spec", "schedulingGates"});
  EXPECT_FALSE(PrepareUpdate(world.Context("pods"), old, "", &freed));
  EXPECT_EQ(GetInt(freed, {"metadata", "generation"}, 0), 2);
  json::object added = old;
  ArrayAt(&added, {"spec", "schedulingGates"}).emplace_back(json::object{{"name", "y"}});
  EXPECT_THAT(world.UpdateComplaints("pods", old, added),
              Contains("spec.schedulingGates: Forbidden: only deletion is allowed, but found new "
                       "scheduling gate 'y'"));
  EXPECT_THAT(
      world.Complaints("pods", PodWith(R"("schedulingGates":[{"name":"x"}],"nodeName":"n")")),
      ElementsAre("spec.nodeName: Forbidden: cannot be set until all schedulingGates have "
                  "been cleared"));
}

TEST(PodAdmission, A120ServerDropsGates) {
  const World world;
  const json::object pod = world.Created("pods", PodWith(R"("schedulingGates":[{"name":"x"}])"));
  EXPECT_EQ(Find(pod, {"spec", "schedulingGates"}), nullptr);
  EXPECT_EQ(Find(pod, {"status", "conditions"}), nullptr);
}

TEST(PodAdmission, UpdatesFindMistakesOfMetadataFourTimesAndWordThemOnce) {
  const World world;
  const json::object old = world.Created("pods", kPlain);
  json::object object = old;
  At(&object, {"metadata", "labels", "a b"}) = "c";
  const auto error = PrepareUpdate(world.Context("pods"), old, "", &object);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->causes.size(), 4U);
  EXPECT_THAT(error->message,
              AllOf(StartsWith(R"(Pod "p" is invalid: metadata.labels: Invalid value: "a b")"),
                    HasSubstr("name part must consist of")));
  EXPECT_THAT(World::Told(error), Each(StartsWith("metadata.labels: ")));
}

}  // namespace
}  // namespace fairlead::apiserver
