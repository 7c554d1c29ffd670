// Tables: columns and cells as `kubectl get` shows them.
#include "scheduler/apiserver/table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::apiserver {
namespace {

json::object Parse(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << " in " << text;
  return value.is_object() ? value.get_object() : json::object();
}

Resource Kind(std::string storage, std::string kind) {
  Resource resource;
  resource.storage = std::move(storage);
  resource.kind = std::move(kind);
  return resource;
}

constexpr Instant kNow{1'767'225'600LL * 1'000'000'000};  // 2026-01-01T00:00:00Z

json::object TableOf(const Resource& resource, const json::object& object, Profile profile) {
  return MakeTable(resource, {&object}, IncludeObject::kNone, true, kNow, profile);
}

std::string Cells(const Resource& resource, std::string_view object,
                  Profile profile = Profile::k120) {
  const json::object parsed = Parse(object);
  const json::object table = TableOf(resource, parsed, profile);
  const json::object& row = table.at("rows").at(0).get_object();
  EXPECT_EQ(row.at("cells").get_array().size(), table.at("columnDefinitions").get_array().size());
  return json::serialize(row.at("cells"));
}

std::string Columns(const Resource& resource, Profile profile) {
  const json::object table = TableOf(resource, {}, profile);
  std::string text;
  for (const json::value& entry : table.at("columnDefinitions").get_array()) {
    const json::object& column = entry.get_object();
    EXPECT_FALSE(GetString(column, {"description"}).empty());
    text += text.empty() ? "" : ", ";
    text += GetString(column, {"name"});
    text += ":";
    text += GetString(column, {"type"});
    if (!GetString(column, {"format"}).empty()) text += "/name";
    if (GetInt(column, {"priority"}, 0) != 0) text += "+";
  }
  return text;
}

TEST(HumanDurations, AreKubectls) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 3'600;
  constexpr std::int64_t kDay = 86'400;
  constexpr std::int64_t kYear = 365 * kDay;
  const std::vector<std::pair<std::int64_t, std::string>> cases = {
      {-2, "<invalid>"},
      {-1, "0s"},
      {0, "0s"},
      {119, "119s"},
      {120, "2m"},
      {125, "2m5s"},
      {10 * kMinute - 1, "9m59s"},
      {10 * kMinute + 5, "10m"},
      {3 * kHour - 1, "179m"},
      {3 * kHour, "3h"},
      {3 * kHour + 5 * kMinute, "3h5m"},
      {8 * kHour + 5 * kMinute, "8h"},
      {2 * kDay - 1, "47h"},
      {2 * kDay, "2d"},
      {2 * kDay + 3 * kHour, "2d3h"},
      {8 * kDay + 3 * kHour, "8d"},
      {2 * kYear - 1, "729d"},
      {2 * kYear, "2y"},
      {3 * kYear + 12 * kDay, "3y12d"},
      {8 * kYear + 12 * kDay, "8y"},
  };
  for (const auto& [seconds, text] : cases) {
    EXPECT_EQ(HumanDuration(Duration::Seconds(seconds)), text) << seconds;
  }
  EXPECT_EQ(HumanDuration(Duration::Milliseconds(-1'500)), "0s");
}

TEST(Tables, HaveTheColumnsOfTheRealServer) {
  const Resource pods = Kind("pods", "Pod");
  EXPECT_EQ(Columns(pods, Profile::k120),
            "Name:string/name, Ready:string, Status:string, Restarts:integer, Age:string, "
            "IP:string+, Node:string+, Nominated Node:string+, Readiness Gates:string+");
  EXPECT_NE(Columns(pods, Profile::kCurrent).find("Restarts:string"), std::string::npos);
  EXPECT_EQ(Columns(Kind("nodes", "Node"), Profile::k120),
            "Name:string/name, Status:string, Roles:string, Age:string, Version:string, "
            "Internal-IP:string+, External-IP:string+, OS-Image:string+, Kernel-Version:string+, "
            "Container-Runtime:string+");
  const Resource jobs = Kind("jobs.batch", "Job");
  EXPECT_EQ(Columns(jobs, Profile::k120),
            "Name:string/name, Completions:string, Duration:string, Age:string, "
            "Containers:string+, Images:string+, Selector:string+");
  EXPECT_EQ(Columns(jobs, Profile::kCurrent),
            "Name:string/name, Status:string, Completions:string, Duration:string, Age:string, "
            "Containers:string+, Images:string+, Selector:string+");
  EXPECT_EQ(Columns(Kind("events", "Event"), Profile::k120),
            "Last Seen:string, Type:string, Reason:string, Object:string, Subobject:string+, "
            "Source:string+, Message:string, First Seen:string+, Count:string+, "
            "Name:string/name+");
  EXPECT_EQ(Columns(Kind("poddisruptionbudgets.policy", "PodDisruptionBudget"), Profile::k120),
            "Name:string/name, Min Available:string, Max Unavailable:string, Allowed "
            "Disruptions:integer, Age:string");
  EXPECT_EQ(Columns(Kind("customresourcedefinitions.apiextensions.k8s.io", "X"), Profile::k120),
            "Name:string/name, Created At:date");
}

struct PodCase {
  std::string spec, status;
  std::string ready, state;
  int restarts;
};

TEST(Tables, SumUpPods) {
  const std::string two = R"("containers":[{"name":"a"},{"name":"b"}])";
  const std::string init = R"("containers":[{"name":"a"}],"initContainers":[{"name":"i"},
                              {"name":"j"}])";
  const std::string done = R"({"restartCount":2,"state":{"terminated":{"exitCode":0}}})";
  const std::vector<PodCase> cases = {
      {two, R"("phase":"Pending")", "0/2", "Pending", 0},
      {two, R"("phase":"Failed","reason":"Evicted")", "0/2", "Evicted", 0},
      {two,
       R"("phase":"Running","containerStatuses":[{"ready":true,"restartCount":1,
          "state":{"running":{}}},{"ready":false,"restartCount":2,"state":{"running":{}}}])",
       "1/2", "Running", 3},
      {two,
       R"("phase":"Running","containerStatuses":[{"state":{"waiting":{"reason":"CrashLoopBackOff"}}},
          {"ready":true,"state":{"running":{}}}])",
       "1/2", "CrashLoopBackOff", 0},
      {two,
       R"("phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}}])",
       "0/2", "Completed", 0},
      {two,
       R"("phase":"Running","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}},
          {"ready":true,"state":{"running":{}}}])",
       "1/2", "NotReady", 0},
      {two,
       R"("phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[
          {"state":{"terminated":{"reason":"Completed"}}},{"ready":true,"state":{"running":{}}}])",
       "1/2", "Running", 0},
      {two, R"("phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}])",
       "0/2", "ExitCode:3", 0},
      {two,
       R"("phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3,"signal":9}}}])",
       "0/2", "Signal:9", 0},
      {init, R"("phase":"Pending","initContainerStatuses":[)" + done + R"(,{"state":{}}])", "0/1",
       "Init:1/2", 2},
      {init,
       R"("phase":"Pending","initContainerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull"}}}])",
       "0/1", "Init:ErrImagePull", 0},
      {init,
       R"("phase":"Pending","initContainerStatuses":[{"state":{"terminated":{"exitCode":1}}}])",
       "0/1", "Init:ExitCode:1", 0},
      {init,
       R"("phase":"Pending","initContainerStatuses":[{"state":{"terminated":{"exitCode":1,
          "reason":"Error"}}}])",
       "0/1", "Init:Error", 0},
      {init,
       R"("phase":"Running","initContainerStatuses":[)" + done + "," + done +
           R"(],"containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}}}])",
       "1/1", "Running", 1},
  };
  const Resource pods = Kind("pods", "Pod");
  for (const PodCase& test : cases) {
    const std::string pod = R"({"metadata":{"name":"p","creationTimestamp":"2025-12-31T23:59:30Z"},
        "spec":{)" + test.spec +
                            R"(},"status":{)" + test.status + "}}";
    EXPECT_EQ(Cells(pods, pod), R"(["p",")" + test.ready + R"(",")" + test.state + "\"," +
                                    std::to_string(test.restarts) +
                                    R"(,"30s","<none>","<none>","<none>","<none>"])")
        << test.status;
  }
}

TEST(Tables, SumUpPodsThatEndOrWait) {
  const Resource pods = Kind("pods", "Pod");
  const auto status = [&](std::string_view pod, Profile profile) {
    const json::object parsed = Parse(pod);
    const json::object table = TableOf(pods, parsed, profile);
    const json::array& cells = table.at("rows").at(0).at("cells").get_array();
    return std::string(cells[2].get_string().c_str());
  };
  const std::string_view deleted =
      R"({"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Succeeded"}})";
  EXPECT_EQ(status(deleted, Profile::k120), "Terminating");
  EXPECT_EQ(status(deleted, Profile::kCurrent), "Succeeded");
  EXPECT_EQ(status(R"({"metadata":{"deletionTimestamp":"x"},"status":{"reason":"NodeLost"}})",
                   Profile::k120),
            "Unknown");
  const std::string_view gated = R"({"status":{"phase":"Pending","conditions":[
      {"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}})";
  EXPECT_EQ(status(gated, Profile::kCurrent), "SchedulingGated");
  EXPECT_EQ(status(gated, Profile::k120), "Pending");
  EXPECT_EQ(Cells(pods, R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{}],
      "readinessGates":[{"conditionType":"a"},{"conditionType":"b"}]},"status":{"phase":"Running",
      "podIPs":[{"ip":"1.2.3.4"}],"nominatedNodeName":"m","conditions":[{"type":"a",
      "status":"True"}],"containerStatuses":[{"ready":true,"restartCount":3,"state":{"running":{}},
      "lastState":{"terminated":{"finishedAt":"2025-12-31T23:55:00Z"}}}]}})",
                  Profile::kCurrent),
            R"x(["p","1/1","Running","3 (5m ago)","<unknown>","1.2.3.4","n","m","1/2"])x");
  const json::object pod = Parse(R"({"status":{"phase":"Failed"}})");
  const json::object table = TableOf(pods, pod, Profile::k120);
  EXPECT_EQ(
      json::serialize(table.at("rows").at(0).at("conditions")),
      R"([{"type":"Completed","status":"True","reason":"Failed","message":"The pod failed."}])");
}

struct CellCase {
  std::string storage, kind, object, cells;
};

TEST(Tables, ShowOtherKinds) {
  const std::vector<CellCase> cases = {
      {"nodes", "Node", R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/b":"",
          "kubernetes.io/role":"a"}},"spec":{"unschedulable":true},"status":{"conditions":[
          {"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"1.1.1.1"}],
          "nodeInfo":{"kubeletVersion":"v1","osImage":"o"}}})",
       R"(["n","Ready,SchedulingDisabled","a,b","<unknown>","v1","1.1.1.1","<none>","o",)"
       R"("<unknown>","<unknown>"])"},
      {"nodes", "Node", R"({"metadata":{"name":"n"},"status":{"conditions":[{"type":"Ready",
          "status":"Unknown"}]}})",
       R"(["n","NotReady","<none>","<unknown>","","<none>","<none>","<unknown>","<unknown>",)"
       R"("<unknown>"])"},
      {"jobs.batch", "Job", R"({"metadata":{"name":"j"},"spec":{"completions":4,"template":{"spec":{
          "containers":[{"name":"a","image":"i"},{"name":"b","image":"k"}]}},"selector":{
          "matchLabels":{"x":"y"}}},"status":{"succeeded":1,"startTime":"2025-12-31T23:57:55Z"}})",
       R"(["j","1/4","2m5s","<unknown>","a,b","i,k","x=y"])"},
      {"jobs.batch", "Job", R"({"metadata":{"name":"j"},"spec":{"parallelism":3},"status":{
          "startTime":"2025-12-31T23:00:00Z","completionTime":"2025-12-31T23:00:07Z"}})",
       R"(["j","0/1 of 3","7s","<unknown>","","","<none>"])"},
      {"events", "Event", R"({"metadata":{"name":"e"},"type":"Normal","reason":"R","message":" m\n",
          "involvedObject":{"kind":"Pod","name":"p"},"source":{"component":"c","host":"h"},
          "lastTimestamp":"2025-12-31T23:59:00Z","firstTimestamp":"2025-12-31T22:00:00Z",
          "count":7})",
       R"(["60s","Normal","R","pod/p","","c, h","m","120m",7,"e"])"},
      {"events", "Event", R"({"metadata":{"name":"e"},"eventTime":"2025-12-31T23:59:58.000000Z",
          "involvedObject":{"kind":"Node"},"reportingComponent":"r","series":{"count":3,
          "lastObservedTime":"2025-12-31T23:59:59.000000Z"}})",
       R"(["1s","","","node","","r","","2s",4,"e"])"},
      {"namespaces", "Namespace", R"({"metadata":{"name":"n"},"status":{"phase":"Active"}})",
       R"(["n","Active","<unknown>"])"},
      {"leases.coordination.k8s.io", "Lease",
       R"({"metadata":{"name":"l"},"spec":{"holderIdentity":"h"}})", R"(["l","h","<unknown>"])"},
      {"priorityclasses.scheduling.k8s.io", "PriorityClass",
       R"({"metadata":{"name":"p"},"value":7,"globalDefault":true})",
       R"(["p",7,true,"<unknown>"])"},
      {"poddisruptionbudgets.policy", "PodDisruptionBudget",
       R"({"metadata":{"name":"b"},"spec":{"minAvailable":2},"status":{"disruptionsAllowed":1}})",
       R"(["b","2","N/A",1,"<unknown>"])"},
      {"poddisruptionbudgets.policy", "PodDisruptionBudget",
       R"({"metadata":{"name":"b"},"spec":{"maxUnavailable":"50%"}})",
       R"(["b","N/A","50%",0,"<unknown>"])"},
      {"customresourcedefinitions.apiextensions.k8s.io", "CustomResourceDefinition",
       R"({"metadata":{"name":"c","creationTimestamp":"2025-12-31T23:59:00Z"}})",
       R"(["c","2025-12-31T23:59:00Z"])"},
      {"services", "Service", R"({"metadata":{"name":"s"},"spec":{"type":"NodePort",
          "clusterIP":"10.0.0.1","ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},
          {"port":81,"protocol":"UDP"}],"selector":{"b":"1","a":"2"}}})",
       R"(["s","NodePort","10.0.0.1","<none>","80:30080/TCP,81/UDP","<unknown>","a=2,b=1"])"},
      {"configmaps", "ConfigMap", R"({"metadata":{"name":"c"},"data":{"a":"","b":""}})",
       R"(["c",2,"<unknown>"])"},
      {"secrets", "Secret", R"({"metadata":{"name":"s"},"type":"Opaque","data":{"a":""}})",
       R"(["s","Opaque",1,"<unknown>"])"},
  };
  for (const CellCase& test : cases) {
    EXPECT_EQ(Cells(Kind(test.storage, test.kind), test.object), test.cells) << test.object;
  }
}

TEST(Tables, ShowJobStatusWhereCurrent) {
  const Resource jobs = Kind("jobs.batch", "Job");
  const auto status = [&](std::string_view job) {
    const json::object parsed = Parse(job);
    const json::object table = TableOf(jobs, parsed, Profile::kCurrent);
    return std::string(table.at("rows").at(0).at("cells").at(1).get_string().c_str());
  };
  EXPECT_EQ(status("{}"), "Running");
  EXPECT_EQ(status(R"({"metadata":{"deletionTimestamp":"x"}})"), "Terminating");
  EXPECT_EQ(status(R"({"status":{"conditions":[{"type":"Suspended","status":"True"}]}})"),
            "Suspended");
  EXPECT_EQ(status(R"({"status":{"conditions":[{"type":"Complete","status":"True"}]}})"),
            "Complete");
}

TEST(Tables, ShowCustomColumns) {
  Resource resource = Kind("things.g.io", "Thing");
  resource.custom = true;
  const std::string age = R"({"metadata":{"name":"x","creationTimestamp":"2025-12-31T23:59:00Z"}})";
  EXPECT_EQ(Columns(resource, Profile::k120), "Name:string/name, Age:date");
  EXPECT_EQ(Cells(resource, age), R"(["x","60s"])");
  resource.crd_version = Parse(R"json({"additionalPrinterColumns":[
      {"name":"A","type":"integer","jsonPath":".spec.a.b"},
      {"name":"B","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
      {"name":"C","type":"string","jsonPath":".spec.list[1]","priority":1,"description":"d"},
      {"name":"D","type":"boolean","jsonPath":".spec.flag"},
      {"name":"E","type":"date","jsonPath":".spec.when"},
      {"name":"F","type":"string","jsonPath":".metadata.labels.a\\.b/c"},
      {"name":"G","type":"string","jsonPath":".spec.list[*]"},
      {"name":"H","type":"string","jsonPath":".spec.nothing"},
      {"name":"I","type":"string","jsonPath":".spec.a"},
      {"name":"J","type":"string","jsonPath":".spec['flag']"}]})json");
  EXPECT_EQ(Cells(resource, R"({"metadata":{"name":"x","labels":{"a.b/c":"v"}},"spec":{"a":{"b":3},
      "list":["p","q"],"flag":true,"when":"bad"},"status":{"conditions":[{"type":"X","status":"1"},
      {"type":"Ready","status":"True"}]}})"),
            R"(["x",3,"True","q",true,"<invalid>","v","p",null,"{\"b\":3}","true"])");
  EXPECT_EQ(Cells(resource, R"({"metadata":{"name":"y"}})"),
            R"(["y",null,null,null,null,null,null,null,null,null,null])");
}

TEST(Tables, IncludeObjects) {
  const Resource namespaces = Kind("namespaces", "Namespace");
  const json::object object = Parse(R"({"kind":"Namespace","metadata":{"name":"n"},"spec":{}})");
  const auto row = [&](IncludeObject include) {
    return MakeTable(namespaces, {&object}, include, false, kNow).at("rows").at(0).at("object");
  };
  EXPECT_TRUE(row(IncludeObject::kNone).is_null());
  EXPECT_EQ(row(IncludeObject::kObject), object);
  EXPECT_EQ(json::serialize(row(IncludeObject::kMetadata)),
            R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
            R"("metadata":{"name":"n"}})");
  const json::object table = MakeTable(namespaces, {}, IncludeObject::kNone, false, kNow);
  EXPECT_FALSE(table.contains("columnDefinitions"));
  EXPECT_EQ(GetString(table, {"kind"}), "Table");
  EXPECT_TRUE(table.at("rows").get_array().empty());
}

}  // namespace
}  // namespace fairlead::apiserver
