// Bodies for random requests.
#include <set>

#include "tests/conformance/random_requests.h"

namespace fairlead::conformance {
namespace {

Json Labels(Choices* c) {
  Json labels = {{"run", "${s}"}};
  if (!c->OneIn(3)) labels["app"] = c->Text({"a", "b", "a", "c"});
  if (c->OneIn(3)) labels["tier"] = c->Text({"x", "y", ""});
  if (c->OneIn(25))
    labels[c->Text({"bad key", "-x", "a/b/c", "x"})] = c->Text({"v", "not a label"});
  return labels;
}

Json Meta(const std::string& name, Choices* c) {
  Json meta = {{"name", name}, {"labels", Labels(c)}};
  if (c->OneIn(5)) meta["annotations"] = {{c->Text({"note", "e.com/n", "Bad/", "a b"}), "v"}};
  if (c->OneIn(8)) meta["finalizers"] = {c->Text({"e.com/hold", "e.com/other", "plain", "orphan"})};
  if (c->OneIn(12)) {
    meta["ownerReferences"] = {{{"apiVersion", c->Text({"v1", "batch/v1", ""})},
                                {"kind", "ConfigMap"},
                                {"name", "owner"},
                                {"uid", "11111111-2222-3333-4444-555555555555"},
                                {"controller", !c->OneIn(3)}}};
  }
  if (c->OneIn(20)) meta["generateName"] = "g-";
  if (c->OneIn(40)) meta["uid"] = "99999999-2222-3333-4444-555555555555";
  if (c->OneIn(40)) meta["resourceVersion"] = c->Text({"1", "x"});
  if (c->OneIn(40)) meta["generation"] = 7;
  if (c->OneIn(40)) meta["creationTimestamp"] = c->Text({"2020-01-01T00:00:00Z", "then"});
  if (c->OneIn(60)) meta["deletionTimestamp"] = "2020-01-01T00:00:00Z";
  if (c->OneIn(60)) meta["deletionGracePeriodSeconds"] = 3;
  if (c->OneIn(60)) meta["clusterName"] = "c";
  if (c->OneIn(40)) meta["namespace"] = c->Text({"${s}-x", "elsewhere"});
  return meta;
}

std::string Quantity(Choices* c) {
  return c->Text(
      {"1", "100m", "1Gi", "0", "1.5", "2e3", "1500m", "0.5Gi", "100M", "-1", "1x", "3"});
}

Json Amounts(Choices* c) {
  Json amounts = {{"cpu", Quantity(c)}};
  if (c->OneIn(2)) amounts["memory"] = Quantity(c);
  if (c->OneIn(4)) amounts["nvidia.com/gpu"] = c->Text({"1", "2", "0", "1500m"});
  if (c->OneIn(30)) amounts[c->Text({"widgets", "a b", "hugepages-2Mi"})] = "1";
  return amounts;
}

Json Resources(Choices* c) {
  Json resources = Json::object();
  if (!c->OneIn(4)) resources["requests"] = Amounts(c);
  if (c->OneIn(3)) resources["limits"] = Amounts(c);
  if (c->calm() && resources.contains("limits")) resources["requests"] = resources["limits"];
  return resources;
}

Json Container(const std::string& name, Choices* c) {
  Json container = {{"name", name}, {"image", c->Text({"i:1", "i", "r.io/i:latest", "i:2"})}};
  if (c->OneIn(2)) container["resources"] = Resources(c);
  if (c->OneIn(4)) container["command"] = {"sh", "-c", "true"};
  if (c->OneIn(4))
    container["env"] = {{{"name", c->Text({"A", "b.c", "1", "a b", ""})}, {"value", "v"}}};
  if (c->OneIn(6)) {
    container["ports"] = {{{"containerPort", c->Of(std::vector<int>{80, 443, 0, 70'000})},
                           {"name", c->Text({"http", "", "UPPER", "a--b"})}}};
    if (c->OneIn(3)) container["ports"][0]["protocol"] = c->Text({"TCP", "UDP", "tcp"});
  }
  if (c->OneIn(8))
    container["volumeMounts"] = {{{"name", c->Text({"v", "w"})}, {"mountPath", "/m"}}};
  if (c->OneIn(12)) container["imagePullPolicy"] = c->Text({"Always", "Never", "Sometimes"});
  if (c->OneIn(20)) container["terminationMessagePolicy"] = c->Text({"File", "Loud"});
  return container;
}

Json Tolerations(Choices* c) {
  Json one = {{"key", c->Text({"k", "a b", "nvidia.com/gpu"})}};
  if (c->OneIn(2)) one["operator"] = c->Text({"Exists", "Equal", "In"});
  if (c->OneIn(3)) one["value"] = "v";
  if (c->OneIn(2))
    one["effect"] = c->Text({"NoSchedule", "NoExecute", "PreferNoSchedule", "Never"});
  if (c->OneIn(4)) one["tolerationSeconds"] = 5;
  return Json::array({one});
}

Json Selector(Choices* c) {
  Json selector = Json::object();
  if (!c->OneIn(3)) selector["matchLabels"] = {{"app", c->Text({"a", "b"})}};
  if (c->OneIn(4)) {
    Json one = {{"key", c->Text({"tier", "app", "-"})},
                {"operator", c->Text({"In", "NotIn", "Exists", "DoesNotExist", "Gt"})}};
    if (c->OneIn(2)) one["values"] = {c->Text({"x", "y", "a b"})};
    selector["matchExpressions"] = Json::array({one});
  }
  return selector;
}

Json Affinity(Choices* c) {
  Json term = {{"matchExpressions",
                {{{"key", "zone"},
                  {"operator", c->Text({"In", "NotIn", "Exists", "Gt", "Near"})},
                  {"values", {c->Text({"1", "x"})}}}}}};
  if (c->OneIn(2)) {
    return {{"nodeAffinity",
             {{"requiredDuringSchedulingIgnoredDuringExecution",
               {{"nodeSelectorTerms", Json::array({term})}}}}}};
  }
  if (c->OneIn(2)) {
    return {{"nodeAffinity",
             {{"preferredDuringSchedulingIgnoredDuringExecution",
               {{{"weight", c->Of(std::vector<int>{1, 100, 0, 101})}, {"preference", term}}}}}}};
  }
  Json pods = {{"labelSelector", Selector(c)}, {"topologyKey", c->Text({"zone", "", "a b"})}};
  return {{c->Text({"podAffinity", "podAntiAffinity"}),
           {{"requiredDuringSchedulingIgnoredDuringExecution", Json::array({pods})}}}};
}

void AddRare(Json* spec, Choices* c) {
  if (c->OneIn(6)) (*spec)["affinity"] = Affinity(c);
  if (c->OneIn(10)) {
    (*spec)["topologySpreadConstraints"] = {
        {{"maxSkew", c->Of(std::vector<int>{1, 0})},
         {"topologyKey", "zone"},
         {"whenUnsatisfiable", c->Text({"DoNotSchedule", "Ask"})},
         {"labelSelector", Selector(c)}}};
  }
  if (c->OneIn(12)) (*spec)["hostNetwork"] = true;
  if (c->OneIn(12)) (*spec)["activeDeadlineSeconds"] = c->Of(std::vector<int>{1, 600, 0});
  if (c->OneIn(15)) (*spec)["dnsPolicy"] = c->Text({"Default", "None", "ClusterFirst", "Odd"});
  if (c->OneIn(15)) (*spec)["serviceAccountName"] = c->Text({"default", "Bad Name"});
  if (c->OneIn(20)) (*spec)["securityContext"] = {{"runAsUser", c->Of(std::vector<int>{0, 1, -1})}};
  if (c->OneIn(20)) (*spec)["readinessGates"] = {{{"conditionType", c->Text({"e.com/r", "a b"})}}};
  if (c->OneIn(20)) (*spec)["hostname"] = c->Text({"h", "H_"});
  if (c->OneIn(25)) (*spec)["imagePullSecrets"] = {{{"name", "s"}}};
  if (c->OneIn(25)) (*spec)["priority"] = c->Of(std::vector<int>{0, 5});
  if (c->OneIn(25)) (*spec)["preemptionPolicy"] = c->Text({"Never", "PreemptLowerPriority", "Odd"});
  if (c->OneIn(25)) (*spec)["enableServiceLinks"] = false;
  if (c->OneIn(25)) (*spec)["shareProcessNamespace"] = true;
}

Json PodSpec(Choices* c) {
  Json spec = {{"containers", Json::array({Container("c", c)})}};
  if (c->OneIn(5)) spec["containers"].push_back(Container(c->Text({"d", "c", "D"}), c));
  if (c->OneIn(8)) spec["initContainers"] = Json::array({Container(c->Text({"init", "c"}), c)});
  if (c->OneIn(4)) spec["volumes"] = {{{"name", "v"}, {"emptyDir", Json::object()}}};
  if (c->OneIn(30)) spec["volumes"] = {{{"name", "v"}, {"configMap", {{"name", "m"}}}}};
  if (c->OneIn(3)) spec["nodeName"] = c->Text({"${s}-a", "n", "N_"});
  if (c->OneIn(4)) spec["tolerations"] = Tolerations(c);
  if (c->OneIn(5)) spec["nodeSelector"] = {{c->Text({"zone", "a b"}), c->Text({"z", "no value"})}};
  if (c->OneIn(5)) spec["terminationGracePeriodSeconds"] = c->Of(std::vector<int>{0, 5, 30, -1});
  if (c->OneIn(6)) spec["schedulerName"] = c->Text({"fairlead", "default-scheduler", ""});
  if (c->OneIn(8)) {
    spec["priorityClassName"] =
        c->Text({"system-node-critical", "system-cluster-critical", "none"});
  }
  if (c->OneIn(6)) spec["restartPolicy"] = c->Text({"Always", "OnFailure", "Never", "Once"});
  AddRare(&spec, c);
  return spec;
}

Json JobSpec(Choices* c) {
  Json pod = PodSpec(c);
  if (!c->OneIn(8)) pod["restartPolicy"] = c->Text({"Never", "OnFailure"});
  Json spec = {{"template", {{"spec", pod}}}};
  if (c->OneIn(3))
    spec["template"]["metadata"] = {{"labels", {{"app", c->Text({"a", "no value"})}}}};
  if (c->OneIn(2)) spec["parallelism"] = c->Of(std::vector<int>{0, 1, 3, -1});
  if (c->OneIn(2)) spec["completions"] = c->Of(std::vector<int>{1, 3, 0, -1});
  if (c->OneIn(3)) spec["backoffLimit"] = c->Of(std::vector<int>{0, 2, -1});
  if (c->OneIn(5)) spec["activeDeadlineSeconds"] = c->Of(std::vector<int>{1, 0, -1});
  if (c->OneIn(5)) spec["ttlSecondsAfterFinished"] = c->Of(std::vector<int>{0, 9, -1});
  if (c->OneIn(20)) spec["selector"] = Selector(c);
  if (c->OneIn(10)) spec["manualSelector"] = true;
  return spec;
}

Json NodeSpec(Choices* c) {
  Json spec = Json::object();
  if (c->OneIn(3)) spec["unschedulable"] = true;
  if (c->OneIn(3)) {
    spec["taints"] = {{{"key", c->Text({"k", "nvidia.com/gpu", "a b"})},
                       {"effect", c->Text({"NoSchedule", "NoExecute", "Never", ""})}}};
    if (c->OneIn(2)) spec["taints"][0]["value"] = "v";
    if (c->OneIn(4)) spec["taints"].push_back(spec["taints"][0]);
  }
  if (c->OneIn(6)) spec["podCIDR"] = c->Text({"10.1.0.0/24", "10.1.0.0/99"});
  if (c->OneIn(6)) spec["providerID"] = "cloud://1";
  return spec;
}

Json BudgetSpec(Choices* c) {
  Json spec = {{"selector", Selector(c)}};
  if (!c->OneIn(3)) spec["minAvailable"] = c->Of(std::vector<Json>{1, 0, "50%", "150%", -1, "x"});
  if (c->OneIn(6) || (c->calm() && !spec.contains("minAvailable")))
    spec["maxUnavailable"] = c->Of(std::vector<Json>{1, 0, "50%", "1"});
  return spec;
}

void Fill(const std::string& plural, Json* body, Choices* c) {
  if (plural == "pods") (*body)["spec"] = PodSpec(c);
  if (plural == "jobs") (*body)["spec"] = JobSpec(c);
  if (plural == "nodes" && !c->OneIn(4)) (*body)["spec"] = NodeSpec(c);
  if (plural == "nodes" && c->OneIn(2)) {
    (*body)["status"] = {{"capacity", Amounts(c)}, {"allocatable", Amounts(c)}};
  }
  if (plural == "poddisruptionbudgets") (*body)["spec"] = BudgetSpec(c);
  if (plural == "configmaps") {
    if (!c->OneIn(3)) (*body)["data"] = {{c->Text({"k", "k.txt", "a b", ".."}), "v"}};
    if (c->OneIn(4)) (*body)["binaryData"] = {{c->Text({"k", "b"}), c->Text({"AAEC", "***"})}};
    if (c->OneIn(5)) (*body)["immutable"] = !c->OneIn(3);
  }
  if (plural == "leases") {
    Json spec = {{"holderIdentity", c->Text({"h", ""})}};
    if (c->OneIn(2)) spec["leaseDurationSeconds"] = c->Of(std::vector<int>{40, 0, -1});
    if (c->OneIn(2)) {
      spec["renewTime"] = c->Text({"2020-01-01T00:00:00.000001Z", "2020-01-01T00:00:00Z", "now"});
    }
    if (c->OneIn(4)) spec["leaseTransitions"] = c->Of(std::vector<int>{0, 2, -1});
    (*body)["spec"] = spec;
  }
  if (plural == "priorityclasses") {
    (*body)["value"] = c->Of(std::vector<Json>{0, 100, -5, 1'000'000'000, 2'000'000'000, 7});
    if (c->OneIn(2)) (*body)["description"] = "d";
    if (c->OneIn(3))
      (*body)["preemptionPolicy"] = c->Text({"Never", "PreemptLowerPriority", "Odd"});
  }
  if (plural == "events") {
    (*body)["involvedObject"] = {{"kind", "Pod"},
                                 {"name", c->Text({"a", "b"})},
                                 {"namespace", c->Text({"${s}-x", "${s}-x", "${s}-y", ""})}};
    if (!c->OneIn(4)) (*body)["reason"] = c->Text({"R", "Other", ""});
    if (!c->OneIn(4)) (*body)["message"] = "m";
    if (!c->OneIn(4)) (*body)["type"] = c->Text({"Normal", "Warning", "Odd"});
    if (c->OneIn(3)) (*body)["count"] = 2;
    if (c->OneIn(4)) (*body)["source"] = {{"component", "test"}};
    if (c->OneIn(6)) (*body)["eventTime"] = "2020-01-01T00:00:00.000000Z";
    if (c->OneIn(6)) (*body)["reportingComponent"] = c->Text({"e.com/c", "a b"});
    if (c->OneIn(6)) (*body)["action"] = "Did";
  }
}

// Numbers of weight that types of one place rarely mix.
const std::vector<Json>& Strange() {
  static const std::vector<Json> all = {nullptr, "",   "x y",          0,
                                        -1,      1.5,  Json::array(),  Json::object(),
                                        true,    "10", 9'000'000'000L, Json::array({"x"})};
  return all;
}

void Tamper(Json* value, Choices* c) {
  if (value->is_string() && !c->OneIn(5)) {
    const auto text = value->get<std::string>();
    *value = c->Of(std::vector<std::string>{"", text + "_", text + " ", "-" + text, text + ".x",
                                            text + std::string(70, 'a'), "A" + text, text + "/y"});
  } else if (value->is_number_integer() && !c->OneIn(5)) {
    *value = c->Of(std::vector<std::int64_t>{0, -1, 1, 2'147'483'647, 7});
  } else if (value->is_boolean() && !c->OneIn(5)) {
    *value = !value->get<bool>();
  } else if (value->is_array() && !value->empty() && c->OneIn(2)) {
    value->push_back((*value)[0]);
  } else if (value->is_object() && c->OneIn(2)) {
    (*value)[c->Text({"unknown", "name", "kind", "x y"})] = c->Of(Strange());
  } else {
    *value = c->Of(Strange());
  }
}

}  // namespace

std::string RandomKind::Collection(const std::string& ns) const {
  const std::string root = api_version == "v1" ? "/api/v1" : "/apis/" + api_version;
  return root + (namespaced && !ns.empty() ? "/namespaces/" + ns : "") + "/" + plural;
}

const std::vector<RandomKind>& RandomKinds() {
  static const std::vector<RandomKind> kinds = {
      {"pods", "v1", "Pod", true, true},
      {"pods", "v1", "Pod", true, true},  // twice as often
      {"nodes", "v1", "Node", false, true},
      {"jobs", "batch/v1", "Job", true, true},
      {"configmaps", "v1", "ConfigMap", true, false},
      {"leases", "coordination.k8s.io/v1", "Lease", true, false},
      {"priorityclasses", "scheduling.k8s.io/v1", "PriorityClass", false, false},
      {"poddisruptionbudgets", "policy/v1beta1", "PodDisruptionBudget", true, true},
      {"events", "v1", "Event", true, false}};
  return kinds;
}

Json RandomBody(const RandomKind& kind, const std::string& name, Choices* choices) {
  choices->Calm(!choices->OneIn(6));
  Json body = {
      {"apiVersion", kind.api_version}, {"kind", kind.kind}, {"metadata", Meta(name, choices)}};
  Fill(kind.plural, &body, choices);
  if (choices->OneIn(30)) body.erase("apiVersion");
  if (choices->OneIn(30)) body["kind"] = choices->Text({"Pod", "Widget", ""});
  choices->Calm(false);
  if (kind.status && choices->OneIn(12)) body["status"] = RandomStatus(kind, choices)["status"];
  return body;
}

Json PlainBody(const RandomKind& kind, const std::string& name) {
  Json body = {
      {"metadata", {{"name", name}, {"labels", {{"run", "${s}"}, {"app", "a"}, {"tier", "x"}}}}}};
  const Json pod = {{"restartPolicy", "Never"}, {"containers", {{{"name", "c"}, {"image", "i"}}}}};
  if (kind.plural == "pods") body["spec"] = pod;
  if (kind.plural == "jobs") body["spec"] = {{"template", {{"spec", pod}}}};
  if (kind.plural == "priorityclasses") body["value"] = 1;
  if (kind.plural == "poddisruptionbudgets") body["spec"] = {{"minAvailable", 1}};
  if (kind.plural == "events") body["involvedObject"] = {{"namespace", "${ns}"}, {"name", "a"}};
  return body;
}

Json RandomStatus(const RandomKind& kind, Choices* choices) {
  Choices& c = *choices;
  Json status = Json::object();
  if (kind.plural == "pods") {
    if (!c.OneIn(3)) status["phase"] = c.Text({"Running", "Succeeded", "Failed", "Pending", "Odd"});
    if (c.OneIn(2)) {
      status["conditions"] = {{{"type", c.Text({"Ready", "PodScheduled", "a b"})},
                               {"status", c.Text({"True", "False", "Maybe"})}}};
    }
    if (c.OneIn(4)) status["podIP"] = c.Text({"10.0.0.1", "x"});
    if (c.OneIn(4)) status["nominatedNodeName"] = c.Text({"n", ""});
    if (c.OneIn(4)) status["reason"] = "R";
    if (c.OneIn(6)) {
      status["containerStatuses"] = {
          {{"name", "c"}, {"ready", true}, {"image", "i"}, {"imageID", ""}, {"restartCount", 0}}};
    }
  } else if (kind.plural == "nodes") {
    status = {{"capacity", Amounts(&c)}};
    if (c.OneIn(2)) status["allocatable"] = Amounts(&c);
    if (c.OneIn(2))
      status["conditions"] = {{{"type", "Ready"}, {"status", c.Text({"True", "Unknown"})}}};
    if (c.OneIn(4)) status["addresses"] = {{{"type", "InternalIP"}, {"address", "10.0.0.1"}}};
  } else if (kind.plural == "jobs") {
    status = {{"active", c.Of(std::vector<int>{0, 1, -1})}};
    if (c.OneIn(2)) status["succeeded"] = c.Of(std::vector<int>{1, 3, -1});
    if (c.OneIn(3)) status["conditions"] = {{{"type", "Complete"}, {"status", "True"}}};
  } else if (kind.plural == "poddisruptionbudgets") {
    status = {{"observedGeneration", c.Of(std::vector<int>{1, 2, 0})},
              {"disruptionsAllowed", c.Of(std::vector<int>{0, 1, 2, -1})},
              {"currentHealthy", 2},
              {"desiredHealthy", 1},
              {"expectedPods", c.Of(std::vector<int>{2, -1})}};
  }
  return {{"status", status}};
}

namespace {

Json ChangeOf(const RandomKind& kind, Choices* choices) {
  Choices& c = *choices;
  switch (c.Below(8)) {
    case 0:
      return {
          {"metadata", {{"labels", {{"app", c.Of(std::vector<Json>{"a", "b", nullptr, "x y"})}}}}}};
    case 1:
      return {{"metadata", {{"annotations", {{c.Text({"n", "m"}), c.Text({"1", "2"})}}}}}};
    case 2:
      return {{"metadata",
               {{"finalizers",
                 c.Of(std::vector<Json>{
                     nullptr, {"e.com/hold"}, {"e.com/other"}, {"bad"}, Json::array()})}}}};
    case 3:
      if (kind.status) return RandomStatus(kind, choices);
      [[fallthrough]];
    case 4: {
      const std::string key =
          c.Text({"uid", "name", "namespace", "creationTimestamp", "generation",
                  "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion",
                  "generateName", "ownerReferences", "labels"});
      return {
          {"metadata", {{key, c.Of(std::vector<Json>{nullptr, "x", 3, "2021-01-01T00:00:00Z"})}}}};
    }
    case 5:
      if (kind.plural == "pods") {
        return c.Of(std::vector<Json>{
            {{"spec",
              {{"activeDeadlineSeconds", c.Of(std::vector<Json>{5, 3, 0, nullptr, 9000})}}}},
            {{"spec", {{"tolerations", Tolerations(&c)}}}},
            {{"spec", {{"nodeName", c.Of(std::vector<Json>{"n", nullptr, "m"})}}}},
            {{"spec", {{"priority", 3}}}},
            {{"spec", {{"terminationGracePeriodSeconds", 1}}}},
            {{"spec", {{"containers", Json::array({Container("c", &c)})}}}},
            {{"spec", {{"containers", {{{"name", "c"}, {"image", "j"}}}}}}},
            {{"spec", nullptr}}});
      }
      if (kind.plural == "jobs") {
        return c.Of(
            std::vector<Json>{{{"spec", {{"parallelism", c.Of(std::vector<int>{0, 4, -2})}}}},
                              {{"spec", {{"completions", 2}}}},
                              {{"spec", {{"backoffLimit", c.Of(std::vector<int>{1, -2})}}}},
                              {{"spec", {{"selector", nullptr}}}},
                              {{"spec", {{"template", nullptr}}}}});
      }
      [[fallthrough]];
    default: {
      Json change = Json::object();
      Fill(kind.plural, &change, choices);
      return change;
    }
  }
}

}  // namespace

Json RandomChange(const RandomKind& kind, Choices* choices) {
  choices->Calm(choices->OneIn(2));
  Json change = ChangeOf(kind, choices);
  choices->Calm(false);
  return change;
}

void Damage(Json* value, std::uint64_t seed) {
  // Their values differ between two servers, and errors show them.
  static const std::set<std::string> kPerRun = {"run", "uid", "resourceVersion",
                                                "creationTimestamp", "generateName"};
  Choices c(seed);
  Json* at = value;
  Json* parent = nullptr;
  std::string key;
  while (at->is_structured() && !at->empty()) {
    if (parent != nullptr && c.OneIn(5)) break;
    const std::size_t index = c.Below(at->size());
    parent = at;
    auto member = at->begin();
    std::advance(member, static_cast<std::ptrdiff_t>(index));
    key = at->is_object() ? member.key() : "";
    at = &*member;
  }
  if (parent == nullptr) return;
  if (parent->is_object() && c.OneIn(4)) {
    parent->erase(key);
  } else if (!kPerRun.contains(key)) {
    Tamper(at, &c);
  }
}

}  // namespace fairlead::conformance
