// The keys of a scenario for editors and other programs. A test holds the list against the reader.
#include <array>

#include "fairlead/base/json.h"
#include "fairlead/sim/scenario.h"

namespace fairlead::sim {
namespace {

struct Key {
  std::string_view name;
  std::string_view schema;  // JSON
  std::string_view doc;
};

constexpr std::string_view kText = R"("type":"string")";
constexpr std::string_view kSeconds =
    R"("type":["integer","string"],"minimum":0,"pattern":"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$")";
constexpr std::string_view kQuantity = R"("type":["integer","number","string"])";
constexpr std::string_view kCount = R"("type":"integer","minimum":1)";
constexpr std::string_view kOrders =
    R"("type":["string","array"],"items":{"enum":["default","fifo_strict","shortest_first","greedy","fair_least_allocated"]})";
constexpr std::string_view kPlacements =
    R"("type":["string","array"],"items":{"enum":["random","dotprod","clustering","packing","bestfit","fgd","default","pack"]})";

constexpr std::array<Key, 7> kShape = {{
    {"name", kText, "Nodes are NAME-0, NAME-1, ..."},
    {"count", kCount, "So many nodes."},
    {"gpus", R"("type":"integer","minimum":0,"maximum":64)", "GPUs of each."},
    {"model", kText, "Model of the GPUs."},
    {"cpu", kQuantity, "Cores of each; absent: not looked at."},
    {"memory", kQuantity, "Bytes of each, such as 512Gi; absent: not looked at."},
    {"labels", R"("type":"object")", "Labels of each."},
}};

constexpr std::array<Key, 3> kCluster = {{
    {"nodes_file", kText, "List of nodes: sn, cpu_milli, memory_mib, gpu, model."},
    {"nodes", kCount, "So many nodes; of a list the first, from its begin again where it ends."},
    {"shapes", R"("type":"array")", "Kinds of nodes."},
}};

constexpr std::array<Key, 6> kWorkload = {{
    {"format", R"("enum":["openb","philly","helios","pai2020","swf","csv","k8s"])",
     "Of the file of jobs."},
    {"jobs", kText, "File of jobs, plain or .gz."},
    {"pods", kText, "File of pods of the format openb, plain or .gz."},
    {"skip_bad", R"("type":"boolean","default":false)", "Leave bad rows out and count them."},
    {"duration", kSeconds, "Of jobs of which it is not known (k8s)."},
    {"generator", R"("type":"object")", "Draws jobs instead."},
}};

constexpr std::array<Key, 6> kGenerator = {{
    {"jobs", kCount, "So many."},
    {"span", kSeconds, "Over which they arrive."},
    {"diurnal", R"("type":"number","minimum":0,"maximum":1)",
     "How far arrivals swing over a day; 0: a Poisson process."},
    {"durations", R"("type":"object")",
     "median, sigma and max of a log-normal distribution, or a list of seconds to draw from."},
    {"tenants", R"("type":"object")", "count, and skew: exponent of their sizes by rank."},
    {"gangs", R"("type":"array")", "Kinds of jobs: weight, pods, gpus, gpu_milli, cpu, memory."},
}};

constexpr std::array<Key, 3> kPolicy = {{
    {"order", kOrders, "Who is next in a replay; several: one run each."},
    {"placement", kPlacements, "Which node; several: one run each."},
    {"decide_every", kSeconds, "The live engine decides at most so often; 0: at every event."},
}};

constexpr std::array<Key, 3> kFault = {{
    {"at", kSeconds, "When."},
    {"node", kText, "Name of the node."},
    {"kind", R"("enum":["down","up","drain"])", "What."},
}};

constexpr std::array<Key, 2> kExpect = {{
    {"file", kText, "Published means: workload, policy, metric, arrived_pct, mean."},
    {"list", kText, "Which workload of it; absent: by the name of the file of pods."},
}};

constexpr std::array<Key, 5> kFind = {{
    {"vary", kText, "The key that is varied, such as cluster.nodes."},
    {"least", R"("type":"integer","minimum":0)", "Its least value."},
    {"most", kCount, "Its greatest value."},
    {"smallest", R"("type":"boolean","default":true)", "The smallest such value, or the largest."},
    {"such_that", kText, "A condition on a result, such as wait.mean <= 600."},
}};

template <std::size_t N>
void WriteKeys(const std::array<Key, N>& keys, JsonWriter* json) {
  for (const Key& key : keys) {
    json->NewLine().Key(key.name);
    std::string text = "{";
    text.append(key.schema).append(",\"description\":\"").append(key.doc).append("\"}");
    json->Raw(text);
  }
}

template <std::size_t N>
void WriteMap(std::string_view name, std::string_view doc, const std::array<Key, N>& keys,
              bool closed, JsonWriter* json) {
  json->NewLine().Key(name).BeginObject().Field("type", "object").Field("description", doc);
  json->Key("properties").BeginObject();
  WriteKeys(keys, json);
  if (name == "cluster") WriteKeys(kShape, json);
  json->EndObject().Field("additionalProperties", !closed).EndObject();
}

}  // namespace

std::string ScenarioSchema() {
  JsonWriter json;
  json.BeginObject().NewLine();
  json.Field("$schema", "https://json-schema.org/draft/2020-12/schema");
  json.NewLine().Field("title", "A scenario of fairlead simulate").Field("type", "object");
  json.NewLine().Key("required").BeginArray().String("mode").String("cluster").String("workload");
  json.EndArray().NewLine().Key("properties").BeginObject();
  static constexpr std::array<Key, 6> kRoot = {{
      {"name", kText, "Said in reports."},
      {"mode", R"("enum":["saturation","replay"])",
       "saturation: pods come and none ends; replay: jobs come, wait, run and end."},
      {"seeds", R"("type":["array","object"])", "A list, or first and count."},
      {"queues", R"("type":"array")", "As in the configuration."},
      {"tenants", R"("type":"array")", "As in the configuration."},
      {"sweep", R"("type":"object")", "Keys as of --set with lists of values: their product."},
  }};
  WriteKeys(kRoot, &json);
  WriteMap("cluster", "The nodes.", kCluster, true, &json);
  WriteMap("workload", "What runs.", kWorkload, true, &json);
  WriteMap("policy", "Who is next and where; further keys as in the configuration.", kPolicy, false,
           &json);
  WriteMap("expect", "Published means to reproduce.", kExpect, true, &json);
  WriteMap("find", "Searches a value such that a condition holds.", kFind, true, &json);
  json.NewLine().Key("faults").BeginObject().Field("type", "array");
  json.Key("items").BeginObject().Key("properties").BeginObject();
  WriteKeys(kFault, &json);
  json.EndObject().Field("additionalProperties", false).EndObject().EndObject();
  json.EndObject().NewLine().Field("additionalProperties", false);
  json.NewLine().Key("$defs").BeginObject();
  WriteMap("generator", "Jobs that are drawn.", kGenerator, true, &json);
  WriteMap("shape", "A kind of nodes.", kShape, true, &json);
  json.EndObject().NewLine().EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::sim
