#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kPod = R"({"metadata":{"name":"p","namespace":"default","uid":"u-1",
  "annotations":{"old":"1"}},"spec":{},"status":{"phase":"Pending","nominatedNodeName":"m",
  "conditions":[{"type":"PodScheduled","status":"False","lastProbeTime":null,
  "lastTransitionTime":null,"reason":"Unschedulable"}]}})";
constexpr const char* kBinding = R"({"metadata":{"name":"p","annotations":{"k":"v"},
  "labels":{"l":"m"}},"target":{"kind":"Node","name":"n1"}})";

TEST(Binding, AssignsThePod) {
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    const bool current = profile == Profile::kCurrent;
    const World world(profile);
    json::object pod = Parsed(kPod);
    ASSERT_FALSE(ApplyBinding(world.Context("pods"), Parsed(kBinding), &pod));
    EXPECT_EQ(GetString(pod, {"spec", "nodeName"}), "n1");
    EXPECT_EQ(GetString(pod, {"metadata", "annotations", "k"}), "v");
    EXPECT_EQ(GetString(pod, {"metadata", "annotations", "old"}), "1");
    EXPECT_EQ(GetString(pod, {"metadata", "labels", "l"}), current ? "m" : "");
    EXPECT_EQ(GetString(pod, {"status", "nominatedNodeName"}), current ? "" : "m");
    EXPECT_EQ(*Find(pod, {"status", "conditions"}), json::value(json::parse(R"([{
        "type":"PodScheduled","status":"True","lastProbeTime":null,
        "lastTransitionTime":"2026-01-01T00:00:00Z"}])")));
  }
}

struct Case {
  const char* member;  // of the pod, as a path of two
  const char* field;
  json::value value;
  const char* why;
};

TEST(Binding, RefusesAPodThatIsTakenOrEnds) {
  const World world;
  for (const Case& c : {Case{"spec", "nodeName", "n0", "pod p is already assigned to node \"n0\""},
                        Case{"metadata", "deletionTimestamp", "2026-01-01T00:00:00Z",
                             "pod p is being deleted, cannot be assigned to a host"}}) {
    json::object pod = Parsed(kPod);
    At(&pod, {c.member, c.field}) = c.value;
    const json::object before = pod;
    const auto error = ApplyBinding(world.Context("pods"), Parsed(kBinding), &pod);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, 409);
    EXPECT_EQ(error->reason, "Conflict");
    EXPECT_EQ(error->kind, "pods/binding");
    EXPECT_EQ(error->message,
              std::string("Operation cannot be fulfilled on pods/binding \"p\": ") + c.why);
    EXPECT_EQ(pod, before);
  }
}

TEST(Binding, TargetsANodeThatIsNamed) {
  const World world;
  struct Target {
    const char* target;
    const char* message;
  };
  for (const Target& c :
       {Target{R"({"kind":"Pod","name":"n"})",
               R"(target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>")"},
        Target{R"({})", "target.name: Required value"},
        Target{R"({"kind":"Pod"})",
               R"([target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", )"
               R"(target.name: Required value])"}}) {
    json::object pod = Parsed(kPod);
    json::object binding = Parsed(kBinding);
    binding["target"] = Parsed(c.target);
    const auto error = ApplyBinding(world.Context("pods"), binding, &pod);
    ASSERT_TRUE(error) << c.target;
    EXPECT_EQ(error->code, 500);
    EXPECT_EQ(error->reason, "");
    EXPECT_EQ(error->message, c.message);
  }
}

TEST(Binding, OnlyCurrentServersLookAtUidAndGates) {
  json::object other_uid = Parsed(kBinding);
  At(&other_uid, {"metadata", "uid"}) = "u-2";
  json::object gated = Parsed(kPod);
  ArrayAt(&gated, {"spec", "schedulingGates"}).emplace_back(json::object{{"name", "x"}});
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    const bool current = profile == Profile::kCurrent;
    const World world(profile);
    json::object pod = Parsed(kPod);
    const auto uid = ApplyBinding(world.Context("pods"), other_uid, &pod);
    EXPECT_EQ(uid.has_value(), current);
    if (uid) {
      EXPECT_EQ(uid->code, 409);
      EXPECT_EQ(
          uid->message,
          "Operation cannot be fulfilled on pods/binding \"p\": StorageError: invalid object, "
          "Code: 4, Key: /registry/pods/default/p, ResourceVersion: 0, AdditionalErrorMsg: "
          "Precondition failed: UID in precondition: u-2, UID in object meta: u-1");
    }
    pod = gated;
    const auto gates = ApplyBinding(world.Context("pods"), Parsed(kBinding), &pod);
    EXPECT_EQ(gates.has_value(), current);
    if (gates) {
      EXPECT_EQ(gates->message,
                "Operation cannot be fulfilled on pods/binding \"p\": pod p has non-empty "
                ".spec.schedulingGates");
    }
  }
}

}  // namespace
}  // namespace fairlead::apiserver
