// The stored form of objects. Expected texts were seen from kube-apiserver 1.20.2; those of the
// current profile follow encoding/json.
#include "scheduler/apiserver/schema.h"

#include <gtest/gtest.h>

namespace fairlead::apiserver {
namespace {

struct Sent {
  std::string group, version, kind, body;
};

std::string Pruned(const Sent& sent, Profile profile) {
  json::value value;
  std::string why;
  if (!ParseJson(sent.body, &value, &why)) return why;
  const Message* message = FindMessage(sent.group, sent.version, sent.kind);
  if (message == nullptr) return "no message";
  const Answer<Done> done = Prune(*message, profile, &value.get_object());
  return done.ok() ? json::serialize(value) : done.error().message;
}

std::string PrunedPod(const std::string& body, Profile profile = Profile::k120) {
  return Pruned({"", "v1", "Pod", body}, profile);
}

TEST(Schema, KnowsKindsOfEveryGroup) {
  const char* const kKinds[][3] = {
      {"", "v1", "Pod"},
      {"", "v1", "PodList"},
      {"", "v1", "Node"},
      {"", "v1", "Namespace"},
      {"", "v1", "Event"},
      {"", "v1", "Binding"},
      {"", "v1", "Service"},
      {"", "v1", "Secret"},
      {"batch", "v1", "JobList"},
      {"coordination.k8s.io", "v1", "Lease"},
      {"scheduling.k8s.io", "v1", "PriorityClass"},
      {"policy", "v1", "PodDisruptionBudget"},
      {"policy", "v1beta1", "Eviction"},
      {"policy", "v1", "Eviction"},
      {"authorization.k8s.io", "v1", "SelfSubjectAccessReview"},
      {"events.k8s.io", "v1", "Event"},
      {"batch", "v1", "DeleteOptions"},
      {"", "v1", "Status"},
      {"", "v1", "WatchEvent"},
      {"meta.k8s.io", "v1", "PartialObjectMetadata"},
  };
  for (const auto& [group, version, kind] : kKinds) {
    EXPECT_NE(FindMessage(group, version, kind), nullptr) << group << ' ' << kind;
  }
  EXPECT_EQ(FindMessage("batch.volcano.sh", "v1", "Job"), nullptr);
  EXPECT_EQ(FindMessage("batch", "v2", "Job"), nullptr);
}

TEST(Schema, FindsFieldsByNameAndNumber) {
  const Message* spec = MessageNamed("core.v1.PodSpec");
  for (const Field& field : spec->fields) {
    EXPECT_EQ(spec->Find(field.name), &field) << field.name;
    EXPECT_EQ(spec->Find(field.number), &field) << field.name;
  }
  EXPECT_EQ(spec->Find("nodename"), nullptr);
  EXPECT_EQ(spec->Find(""), nullptr);
  EXPECT_EQ(spec->Find(999), nullptr);
  EXPECT_EQ(spec->Find("nodeName")->number, 10);
  EXPECT_TRUE(spec->Find("schedulingGates")->current_only);
  EXPECT_EQ(spec->Find("containers")->merge_key, "name");
  EXPECT_TRUE(spec->Find("volumes")->retain_keys);
  EXPECT_TRUE(MessageNamed("meta.v1.ObjectMeta")->Find("finalizers")->merge_list);
  EXPECT_TRUE(MessageNamed("policy.v1.PodDisruptionBudgetSpec")->Find("selector")->atomic);
  // Those of an inlined message are found in the outer one by name, not by number.
  const Message* probe = MessageNamed("core.v1.Probe");
  EXPECT_EQ(probe->Find("httpGet"), MessageNamed("core.v1.Handler")->Find("httpGet"));
  EXPECT_TRUE(probe->Find(1)->inlined);
}

TEST(Schema, QuantitiesAreCanonical) {
  const char* const kCases[][2] = {
      {"1000m", "1"},
      {"0.5", "500m"},
      {"1024Mi", "1Gi"},
      {"1e3", "1e3"},
      {"1e4", "10e3"},
      {"1e2", "100"},
      {"1.2e5", "120e3"},
      {"1.5Gi", "1536Mi"},
      {"1500m", "1500m"},
      {"0", "0"},
      {"0Gi", "0"},
      {"+5", "+5"},
      {"-0.5", "-500m"},
      {"1.5Ki", "1536"},
      {"1.1Ki", "1126400m"},
      {"1000000", "1M"},
      {"1000Ki", "1000Ki"},
      {"0.0009765625Ki", "1"},
      {"100Ei", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775808"},
      {"99999999999999999999", "99999999999999999999"},
      {"1e19", "10e18"},
      {"1000E", "1"},
      {".5", "500m"},
      {"5.", "5."},
      {"00012", "00012"},
      {"e3", "0"},
      {" 1 ", "1"},
      {"1n", "1n"},
      {"0.1n", "1n"},
      {"1.23456789012345678901234", "1234567891n"},
  };
  for (const auto& [text, want] : kCases) {
    std::string got;
    EXPECT_TRUE(CanonicalQuantity(text, &got)) << text;
    EXPECT_EQ(got, want) << text;
  }
  for (const char* text :
       {"", " ", "x", "1x", "1e", "1K", "1e3Ki", "--1", "1-", "1mi", "1_0", "m5x"}) {
    std::string got;
    EXPECT_FALSE(CanonicalQuantity(text, &got)) << text << " -> " << got;
  }
}

TEST(Schema, ListsOfResourcesAreRoundedUpToThousandths) {
  EXPECT_EQ(PrunedPod(R"({"spec":{"overhead":{"d":1,"c":1.5,"b":"1n","a":null,"e":"-1500u"}}})"),
            R"({"metadata":{"creationTimestamp":null},"spec":{"containers":null,)"
            R"("overhead":{"a":"0","b":"1m","c":"1500m","d":"1","e":"-2m"}},"status":{}})");
}

TEST(Schema, DropsWhatIsUnknownOrEmptyAndFillsInWhatIsRequired) {
  const Sent kCases[] = {
      {"", "v1", "ConfigMap",
       R"({"data":{"x":null,"bb":"1"},"metadata":{"name":"a","labels":{"a":null},"annotations":{},)"
       R"("finalizers":null,"unknown":5,"Name":"b","selfLink":"","generation":0},"immutable":null,)"
       R"("binaryData":{"b":"","c":"YQ==\n"},"Data":{"z":"z"},"kind":"ConfigMap"})"},
      {"", "v1", "ConfigMap", R"({"immutable":false,"data":{}})"},
      {"", "v1", "Event", R"({"count":0,"lastTimestamp":null,"involvedObject":null})"},
      {"coordination.k8s.io", "v1", "Lease",
       R"({"metadata":{"deletionGracePeriodSeconds":0},"spec":{"leaseTransitions":0,)"
       R"("holderIdentity":"","renewTime":"2020-01-01T02:00:00.123456+02:00"}})"},
      {"", "v1", "Node", R"({"spec":{"taints":[]},"status":{"conditions":[null]}})"},
      {"policy", "v1beta1", "PodDisruptionBudget",
       R"({"spec":{"minAvailable":0,"maxUnavailable":"5%","selector":{"matchLabels":{}}}})"},
  };
  const char* const kWant[] = {
      R"({"kind":"ConfigMap","metadata":{"name":"a","creationTimestamp":null,"labels":{"a":""}},)"
      R"("data":{"bb":"1","x":""},"binaryData":{"b":"","c":"YQ=="}})",
      R"({"metadata":{"creationTimestamp":null},"immutable":false})",
      R"({"metadata":{"creationTimestamp":null},"involvedObject":{},"source":{},)"
      R"("firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"",)"
      R"("reportingInstance":""})",
      R"({"metadata":{"creationTimestamp":null,"deletionGracePeriodSeconds":0},)"
      R"("spec":{"holderIdentity":"","renewTime":"2020-01-01T00:00:00.123456Z",)"
      R"("leaseTransitions":0}})",
      R"({"metadata":{"creationTimestamp":null},"spec":{},"status":{"conditions":[{"type":"",)"
      R"("status":"","lastHeartbeatTime":null,"lastTransitionTime":null}],)"
      R"("daemonEndpoints":{"kubeletEndpoint":{"Port":0}},"nodeInfo":{"machineID":"",)"
      R"("systemUUID":"","bootID":"","kernelVersion":"","osImage":"","containerRuntimeVersion":"",)"
      R"("kubeletVersion":"","kubeProxyVersion":"","operatingSystem":"","architecture":""}}})",
      R"({"metadata":{"creationTimestamp":null},"spec":{"minAvailable":0,"selector":{},)"
      R"("maxUnavailable":"5%"},"status":{"disruptionsAllowed":0,"currentHealthy":0,)"
      R"("desiredHealthy":0,"expectedPods":0}})",
  };
  for (std::size_t i = 0; i < std::size(kCases); ++i) {
    const std::string stored = Pruned(kCases[i], Profile::k120);
    EXPECT_EQ(stored, kWant[i]);
    Sent again = kCases[i];
    again.body = stored;
    EXPECT_EQ(Pruned(again, Profile::k120), stored) << "not the same when stored again";
  }
}

TEST(Schema, OldProfileDoesNotKnowNewFields) {
  const std::string body =
      R"({"spec":{"containers":[],"nodeName":"n","schedulingGates":[{"name":"g","x":1}]}})";
  EXPECT_EQ(PrunedPod(body), R"({"metadata":{"creationTimestamp":null},"spec":{"containers":null,)"
                             R"("nodeName":"n"},"status":{}})");
  EXPECT_EQ(PrunedPod(body, Profile::kCurrent),
            R"({"metadata":{"creationTimestamp":null},"spec":{"containers":null,)"
            R"("nodeName":"n","schedulingGates":[{"name":"g"}]},"status":{}})");
  // It does not even look at them.
  EXPECT_EQ(PrunedPod(R"({"spec":{"schedulingGates":5}})").front(), '{');
  EXPECT_NE(PrunedPod(R"({"spec":{"schedulingGates":5}})", Profile::kCurrent).front(), '{');
}

TEST(Schema, OldServerWrapsSomeNumbers) {
  EXPECT_NE(PrunedPod(R"({"spec":{"priority":5000000000}})").find(R"("priority":705032704)"),
            std::string::npos);
  EXPECT_NE(PrunedPod(R"({"spec":{"priority":-2147483648}})").find(R"("priority":-2147483648)"),
            std::string::npos);
}

constexpr char kOldPod[] = "Pod in version \"v1\" cannot be handled as a Pod: v1.Pod.";
constexpr char kRegex[] =
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

TEST(Schema, TypeErrorsInTheWordsOfTheOldServer) {
  const std::string time = "unmarshalerDecoder: parsing time \"";
  const std::string layout = "\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"";
  const std::string created = "ObjectMeta: v1.ObjectMeta.CreationTimestamp: ";
  const std::string container = "Spec: v1.PodSpec.Containers: []v1.Container: ";
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"metadata":{"name":5}})",
       "ObjectMeta: v1.ObjectMeta.Name: ReadString: expects \" or n, but found 5"},
      {R"({"metadata":{"labels":{"a":[]}}})",
       "ObjectMeta: v1.ObjectMeta.Labels: ReadString: expects \" or n, but found ["},
      {R"({"metadata":{"labels":[]}})",
       "ObjectMeta: v1.ObjectMeta.Labels: ReadMapCB: expect { or n, but found ["},
      {R"({"metadata":[]})", "ObjectMeta: readObjectStart: expect { or n, but found ["},
      {R"({"metadata":{"generation":"x"}})",
       "ObjectMeta: v1.ObjectMeta.Generation: readUint64: unexpected character: \uFFFD"},
      {R"({"metadata":{"finalizers":{}}})",
       "ObjectMeta: v1.ObjectMeta.Finalizers: []string: decode slice: expect [ or n, but found {"},
      {R"({"metadata":{"creationTimestamp":"x"}})",
       created + time + "x" + layout + "x\" as \"2006\""},
      {R"({"metadata":{"creationTimestamp":"2020-2-03T05:00:00Z"}})",
       created + time + "2020-2-03T05:00:00Z" + layout + "2-03T05:00:00Z\" as \"01\""},
      {R"({"metadata":{"creationTimestamp":"2020-02-30T00:00:00Z"}})",
       created + time + "2020-02-30T00:00:00Z\": day out of range"},
      {R"({"metadata":{"creationTimestamp":"2020-02-03T05:00:00"}})",
       created + time + "2020-02-03T05:00:00" + layout + "\" as \"Z07:00\""},
      {R"({"metadata":{"creationTimestamp":5}})",
       created + "unmarshalerDecoder: json: cannot unmarshal number into Go value of type string"},
      {R"({"spec":{"containers":{}}})", container + "decode slice: expect [ or n, but found {"},
      {R"({"spec":{"containers":["a"]}})",
       container + "readObjectStart: expect { or n, but found \""},
      {R"({"spec":{"containers":[{"name":"a","image":5}]}})",
       container + "v1.Container.Image: ReadString: expects \" or n, but found 5"},
      {R"({"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":true}}}]}})",
       container + "v1.Container.LivenessProbe: v1.Probe.Handler: HTTPGet: v1.HTTPGetAction.Port: "
                   "unmarshalerDecoder: json: cannot unmarshal bool into Go value of type int32"},
      {R"({"spec":{"priority":"5"}})",
       "Spec: v1.PodSpec.Priority: readUint32: unexpected character: \uFFFD"},
      {R"({"spec":{"priority":5.5}})",
       "Spec: v1.PodSpec.Priority: assertInteger: can not decode float as int"},
      {R"({"spec":{"priority":3000000000}})",
       "Spec: v1.PodSpec.Priority: ReadInt32: overflow: 3000000000"},
      {R"({"spec":{"hostNetwork":"true"}})",
       "Spec: v1.PodSpec.HostNetwork: ReadBool: expect t or f, but found \""},
      {R"({"spec":{"overhead":{"cpu":"x"}}})",
       std::string("Spec: v1.PodSpec.Overhead: unmarshalerDecoder: ") + kRegex},
      {R"({"spec":{"overhead":{"cpu":"1e"}}})",
       "Spec: v1.PodSpec.Overhead: unmarshalerDecoder: unable to parse quantity's suffix"},
  };
  for (const auto& [body, want] : kCases) {
    const std::string got = PrunedPod(body);
    EXPECT_EQ(got.substr(0, got.find(", error found in ")), kOldPod + want) << body;
  }
}

TEST(Schema, TypeErrorsShowThePlaceAsTheOldServerDoes) {
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":5}})",
       R"(#10 byte of ...|:{"name":5}}|..., bigger context )"
       R"(...|apiVersion":"v1","kind":"Pod","metadata":{"name":5}}|...)"},
      {R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"priority":-15.25}})",
       R"(#10 byte of ...|ority":-15.25}}|..., bigger context )"
       R"(...|od","metadata":{"name":"a"},"spec":{"priority":-15.25}}|...)"},
      {R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","creationTimestamp":"x"}})",
       R"(#10 byte of ...|stamp":"x"}}|..., bigger context )"
       R"(...|od","metadata":{"name":"a","creationTimestamp":"x"}}|...)"},
  };
  for (const auto& [body, want] : kCases) {
    const std::string got = PrunedPod(body);
    EXPECT_NE(got.find(", error found in " + want), std::string::npos) << got;
  }
}

TEST(Schema, BytesMustBeBase64) {
  const std::pair<std::string, int> kCases[] = {
      {"!!!", 0},   {"YQ", 0},   {"YWJjYQ=", 7}, {"YQ==YQ==", 4},
      {"YWI==", 4}, {"Y===", 1}, {"YQ=Q", 2},
  };
  for (const auto& [text, at] : kCases) {
    const std::string got =
        Pruned({"", "v1", "Secret", R"({"data":{"a":")" + text + R"("}})"}, Profile::k120);
    EXPECT_NE(got.find("v1.Secret.Data: decode base64: illegal base64 data at input byte " +
                       std::to_string(at) + ", "),
              std::string::npos)
        << got;
  }
}

TEST(Schema, TypeErrorsInTheWordsOfCurrentServers) {
  const std::string prefix = "Pod in version \"v1\" cannot be handled as a Pod: ";
  const std::string field = prefix + "json: cannot unmarshal ";
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"metadata":{"name":5}})",
       field + "number into Go struct field ObjectMeta.metadata.name of type string"},
      {R"({"metadata":{"labels":[]}})",
       field + "array into Go struct field ObjectMeta.metadata.labels of type map[string]string"},
      {R"({"spec":{"containers":[{"image":5}]}})",
       field + "number into Go struct field Container.spec.containers.image of type string"},
      {R"({"spec":{"containers":{}}})",
       field + "object into Go struct field PodSpec.spec.containers of type []v1.Container"},
      {R"({"spec":{"priority":5.5}})",
       field + "number 5.5 into Go struct field PodSpec.spec.priority of type int32"},
      {R"({"spec":{"priority":5000000000}})",
       field + "number 5000000000 into Go struct field PodSpec.spec.priority of type int32"},
      {R"({"spec":{"restartPolicy":true}})",
       field + "bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy"},
      {R"({"spec":{"overhead":{"cpu":"x"}}})", prefix + kRegex},
  };
  for (const auto& [body, want] : kCases) EXPECT_EQ(PrunedPod(body, Profile::kCurrent), want);
}

}  // namespace
}  // namespace fairlead::apiserver
