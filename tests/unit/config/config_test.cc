#include "fairlead/config/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

const std::string kFolder = std::string(FAIRLEAD_SOURCE_DIR) + "/config/";

struct Case {
  std::string text;
  std::string error;
};

std::string ErrorOf(const std::string& text) {
  const Result<Config> config = ParseConfig(text, "f");
  return config.ok() ? "ok" : config.error().ToString();
}

void ExpectRefused(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.text), c.error) << c.text;
}

Config Load(const std::string& text) {
  const Result<Config> config = ParseConfig(text, "f");
  EXPECT_TRUE(config.ok()) << text << "\n" << (config.ok() ? "" : config.error().ToString());
  return config.ok() ? *config : Config{};
}

TEST(ConfigDefaults, TheShippedFileChangesNothing) {
  const Result<Config> config = LoadConfig(kFolder + "fairlead.yaml");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  EXPECT_TRUE(*config == Config{});
}

// Every key of the table stands in the shipped file, and nothing else does (else it would not
// load).
TEST(ConfigDefaults, TheShippedFileHasEveryKey) {
  const Result<std::string> text = yaml::ReadFile(kFolder + "fairlead.yaml");
  ASSERT_TRUE(text.ok());
  for (const char* key : {"scheduler_names:",
                          "queues:",
                          "name:",
                          "parent:",
                          "weight:",
                          "guarantee:",
                          "limit:",
                          "lendable:",
                          "lending_limit:",
                          "borrowing:",
                          "priority:",
                          "order:",
                          "reclaimable:",
                          "min_runtime:",
                          "state:",
                          "max_pending_gangs:",
                          "max_running_gangs:",
                          "user_limit:",
                          "tenants:",
                          "namespaces:",
                          "default_queue:",
                          "policy:",
                          "max_gang_size:",
                          "bind_timeout:",
                          "aging:",
                          "step:",
                          "max:",
                          "history:",
                          "half_life:",
                          "strength:",
                          "gpu:",
                          "resources:",
                          "model_labels:",
                          "http:",
                          "address:",
                          "port:",
                          "grpc:",
                          "tls_cert:",
                          "tls_key:",
                          "tls_client_ca:",
                          "api:",
                          "bind_connections:",
                          "request_timeout:",
                          "events_per_second:",
                          "ledger:",
                          "store:",
                          "cluster:",
                          "most_waiting:",
                          "environment_label:",
                          "cost_center_label:",
                          "labels:",
                          "log:",
                          "level:",
                          "dump_dir:",
                          "state_file:"}) {
    EXPECT_NE(text->find(key), std::string::npos) << key;
  }
}

// The examples in its comments: without "# ", and with the keys that they stand for left out.
TEST(ConfigDefaults, TheExamplesOfTheShippedFileLoad) {
  const Result<std::string> text = yaml::ReadFile(kFolder + "fairlead.yaml");
  ASSERT_TRUE(text.ok());
  std::string examples;
  for (const std::string key : {"# queues:\n", "# tenants:\n"}) {
    std::size_t at = text->find(key);
    ASSERT_NE(at, std::string::npos) << key;
    for (; text->compare(at, 2, "# ") == 0; at = text->find('\n', at) + 1) {
      examples += text->substr(at + 2, text->find('\n', at) - at - 1);
    }
  }
  const Config config = Load(examples);
  ASSERT_EQ(config.policy.queues.size(), 2U);
  EXPECT_EQ(config.policy.queues[1].user_limit, kWeightOne / 2);
  ASSERT_EQ(config.policy.tenants.size(), 1U);
  EXPECT_EQ(config.policy.tenants[0].default_queue, "nlp");
}

TEST(ConfigDefaults, AnEmptyFileIsTheDefault) {
  for (const char* text : {"", "# nothing\n", "{}", "gpu:\nhttp: {}\n"}) {
    EXPECT_TRUE(Load(text) == Config{}) << text;
  }
}

TEST(Config, ReadsEveryKey) {
  const Config config = Load(R"(
scheduler_names: [fairlead, gang.example-2]
queues: [{name: a/b.c_d-E, weight: 0.000001}, {name: b}]
tenants:
  - {name: t1, namespaces: [n1, n2], queues: [b, a/b.c_d-E], default_queue: a/b.c_d-E}
  - {name: t2, queues: [b]}
policy: {max_gang_size: 1, bind_timeout: 1h}
gpu: {resources: [amd.com/gpu, gpu], model_labels: [example.com/Model_1.x]}
http: {address: "::1", port: 0}
grpc: {address: "::", port: 0, tls_cert: c.pem, tls_key: k.pem, tls_client_ca: a.pem}
api: {bind_connections: 1024, request_timeout: 1m30s, events_per_second: 1}
ledger:
  {store: "sqlite:/var/lib/fairlead/usage.db", cluster: west, most_waiting: 0,
   environment_label: env, cost_center_label: cc, labels: [team]}
log: {level: debug}
dump_dir: /var/lib/fairlead
state_file: /var/lib/fairlead/usage.json
)");
  Config expected;
  expected.scheduler_names = {"fairlead", "gang.example-2"};
  expected.policy.queues = {{"a/b.c_d-E", 1}, {"b", kWeightOne}};
  expected.policy.tenants = {{"t1", {"n1", "n2"}, {"b", "a/b.c_d-E"}, "a/b.c_d-E"},
                             {"t2", {}, {"b"}, "b"}};
  expected.policy.max_gang_size = 1;
  expected.policy.bind_timeout = Duration::Seconds(3600);
  expected.gpu_resources = {"amd.com/gpu", "gpu"};
  expected.gpu_model_labels = {"example.com/Model_1.x"};
  expected.http_address = "::1";
  expected.http_port = 0;
  expected.grpc_address = "::";
  expected.grpc_port = 0;
  expected.grpc_tls_cert = "c.pem";
  expected.grpc_tls_key = "k.pem";
  expected.grpc_tls_client_ca = "a.pem";
  expected.ledger_store = "sqlite:/var/lib/fairlead/usage.db";
  expected.ledger_cluster = "west";
  expected.ledger_most_waiting = 0;
  expected.ledger_environment_label = "env";
  expected.ledger_cost_center_label = "cc";
  expected.ledger_labels = {"team"};
  expected.bind_connections = 1024;
  expected.request_timeout = Duration::Seconds(90);
  expected.events_per_second = 1;
  expected.log_level = "debug";
  expected.dump_dir = "/var/lib/fairlead";
  expected.state_file = "/var/lib/fairlead/usage.json";
  EXPECT_TRUE(config == expected);
}

TEST(Config, AddsTheDefaultQueueWhereThereAreNoTenants) {
  const auto names = [](const std::string& text) {
    std::vector<std::string> result;
    for (const QueueSpec& queue : Load(text).policy.queues) result.push_back(queue.name);
    return result;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("queues: [{name: a}]"), (Names{"a", "default"}));
  EXPECT_EQ(names("queues: [{name: default}, {name: a}]"), (Names{"default", "a"}));
  EXPECT_EQ(names("queues: [{name: a}]\ntenants: [{name: t, queues: [a]}]"), (Names{"a"}));
  EXPECT_EQ(names("log: {level: error}"), (Names{"default"}));
}

TEST(Config, RefusesUnknownKeys) {
  ExpectRefused({
      {"queus: []", "f:1:1: queus: unknown key: did you mean 'queues'?"},
      {"colour: x",
       "f:1:1: colour: unknown key: expected one of scheduler_names, dump_dir, state_file, "
       "queues, tenants, policy, gpu, http, grpc, api, ledger, log"},
      {"queues:\n  - name: a\n    wieght: 2",
       "f:3:5: queues[0].wieght: unknown key: did you mean 'weight'?"},
      {"tenants: [{nam: a}]", "f:1:12: tenants[0].nam: unknown key: did you mean 'name'?"},
      {"policy: {max_gangsize: 1}",
       "f:1:10: policy.max_gangsize: unknown key: did you mean 'max_gang_size'?"},
      {"gpu:\n  resource: [a]", "f:2:3: gpu.resource: unknown key: did you mean 'resources'?"},
      {"http: {prot: 1}", "f:1:8: http.prot: unknown key: did you mean 'port'?"},
      {"grpc: {tls_crt: a}", "f:1:8: grpc.tls_crt: unknown key: did you mean 'tls_cert'?"},
      {"api: {x: 1}",
       "f:1:7: api.x: unknown key: expected one of bind_connections, request_timeout, "
       "events_per_second"},
      {"log: {levl: info}", "f:1:7: log.levl: unknown key: did you mean 'level'?"},
  });
}

TEST(Config, RefusesValuesOutOfRange) {
  const std::string weight =
      "expected a number from 0.000001 to 1000000 with at most 6 digits after the point";
  const std::string names =
      "1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit "
      "at both ends of each part";
  const std::string qualified =
      "a name such as nvidia.com/gpu: an optional domain and '/', then 1 to 63 letters, digits, "
      "'-', '_' and '.', with a letter or digit at both ends";
  ExpectRefused({
      {"scheduler_names: []", "f:1:18: scheduler_names: a list of 0: expected 1 to 16 strings"},
      {"scheduler_names: fairlead",
       "f:1:18: scheduler_names: 'fairlead': expected a list of strings"},
      {"scheduler_names:\n  - ok\n  - Bad", "f:3:5: scheduler_names[1]: 'Bad': expected " + names},
      {"queues: [{name: a, weight: 0}]", "f:1:28: queues[0].weight: '0': " + weight},
      {"queues: [{name: a, weight: -1}]", "f:1:28: queues[0].weight: '-1': " + weight},
      {"queues: [{name: a, weight: 1000000.1}]",
       "f:1:28: queues[0].weight: '1000000.1': " + weight},
      {"queues: [{name: a, weight: 0.0000001}]",
       "f:1:28: queues[0].weight: '0.0000001': " + weight},
      {"queues: [{name: a, weight: '1'}]", "f:1:28: queues[0].weight: the string '1': " + weight},
      {"policy: {max_gang_size: 0}",
       "f:1:25: policy.max_gang_size: '0': expected an integer from 1 to 100000"},
      {"policy: {bind_timeout: 999ms}",
       "f:1:24: policy.bind_timeout: '999ms': expected a duration from 1s to 1h"},
      {"policy: {bind_timeout: 30}",
       "f:1:24: policy.bind_timeout: '30' is not a duration: expected integers with units d h m s "
       "ms us ns in that order, such as 30s or 1h30m"},
      {"policy: {bind_timeout: [1s]}", "f:1:24: policy.bind_timeout: a list: expected a string"},
      {"gpu: {resources: [nvidia.com/]}",
       "f:1:19: gpu.resources[0]: 'nvidia.com/': expected " + qualified},
      {"gpu: {model_labels: []}",
       "f:1:21: gpu.model_labels: a list of 0: expected 1 to 16 strings"},
      {"http: {port: 65536}", "f:1:14: http.port: '65536': expected an integer from 0 to 65535"},
      {"http: {address: localhost}",
       "f:1:17: http.address: 'localhost': expected an IPv4 or IPv6 address such as 127.0.0.1"},
      {"api: {bind_connections: 0}",
       "f:1:25: api.bind_connections: '0': expected an integer from 1 to 1024"},
      {"api: {request_timeout: 1h}",
       "f:1:24: api.request_timeout: '1h': expected a duration from 100ms to 10m"},
      {"api: {events_per_second: 10001}",
       "f:1:26: api.events_per_second: '10001': expected an integer from 1 to 10000"},
      {"log: {level: trace}",
       "f:1:14: log.level: 'trace': expected one of debug, info, warning, error"},
      {"log: info", "f:1:6: log: 'info': expected a map"},
      {"dump_dir: " + std::string(4097, 'x'),
       "f:1:11: dump_dir: '" + std::string(64, 'x') + "...': expected at most 4096 bytes"},
      {"[a]", "f:1:1: a list: expected a map"},
  });
}

TEST(Config, GrpcIsServedOnLoopbackOrWithMutualTls) {
  const std::string all = "expected all of tls_cert, tls_key and tls_client_ca, or none";
  const std::string open =
      " is not a loopback address: expected one such as 127.0.0.1, or tls_cert, tls_key and "
      "tls_client_ca beside it";
  ExpectRefused({
      {"grpc: {port: 65536}", "f:1:14: grpc.port: '65536': expected an integer from 0 to 65535"},
      {"grpc: {address: localhost}",
       "f:1:17: grpc.address: 'localhost': expected an IPv4 or IPv6 address such as 127.0.0.1"},
      {"grpc: {address: 0.0.0.0}", "f:1:17: grpc.address: '0.0.0.0'" + open},
      {"grpc:\n  port: 1\n  address: '::'", "f:3:12: grpc.address: '::'" + open},
      {"grpc: {address: '::ffff:127.0.0.1'}", "f:1:17: grpc.address: '::ffff:127.0.0.1'" + open},
      {"grpc: {tls_cert: c}", "f:1:7: grpc: " + all},
      {"grpc: {tls_key: k, tls_client_ca: a}", "f:1:7: grpc: " + all},
      {"grpc: {address: 0.0.0.0, tls_cert: c, tls_key: k}", "f:1:7: grpc: " + all},
  });
  for (const char* text :
       {"grpc: {address: 127.9.9.9}", "grpc: {address: '::1'}",
        "grpc:", "grpc: {tls_cert: c, tls_key: k, tls_client_ca: a}",
        "grpc: {address: 10.0.0.1, tls_cert: c, tls_key: k, tls_client_ca: a}"}) {
    EXPECT_TRUE(ParseConfig(text, "f").ok()) << text << ": " << ErrorOf(text);
  }
}

TEST(Config, PassesOnWhatYamlRefuses) {
  ExpectRefused({
      {"log: {level: info}\nlog: {level: info}",
       "f:2:1: duplicate key 'log': expected it once, first at 1:1"},
      {"dump_dir: 'x\n", "f:1:11: unterminated quote: expected the closing quote before the end"},
  });
  EXPECT_EQ(LoadConfig("/nonexistent/f.yaml").error().ToString(),
            "/nonexistent/f.yaml: cannot be read: No such file or directory");
}

TEST(Config, TheExampleLoads) {
  const Result<Config> config = LoadConfig(kFolder + "examples/fairlead.yaml");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  ASSERT_EQ(config->policy.queues.size(), 3U);
  EXPECT_EQ(config->policy.queues[0], (QueueSpec{"vision", 2 * kWeightOne}));
  ASSERT_EQ(config->policy.tenants.size(), 3U);
  EXPECT_EQ(config->policy.tenants[2],
            (TenantSpec{"robotics", {"team-robotics"}, {"robotics"}, "robotics"}));
}

TEST(Config, TheExampleTreeLoads) {
  const Result<Config> config = LoadConfig(kFolder + "examples/tree.yaml");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  EXPECT_EQ(config->policy.queues.size(), 6U);
  EXPECT_EQ(config->policy.tenants.size(), 3U);
  EXPECT_EQ(config->policy.history.strength, kWeightOne / 2);
}

// What the example tenants submit: pods for this scheduler, in their namespace and queue.
TEST(Config, TheExampleWorkloadsNameTheirQueues) {
  for (const std::string tenant : {"vision", "language", "robotics"}) {
    const std::string path = kFolder + "examples/" + tenant + ".yaml";
    const Result<std::vector<yaml::Node>> documents = yaml::ParseAll(*yaml::ReadFile(path), path);
    ASSERT_TRUE(documents.ok()) << documents.error().ToString();
    EXPECT_GE(documents->size(), 2U);
    for (const yaml::Node& document : *documents) {
      const yaml::Node& metadata = *document.Find("metadata");
      const bool job = document.Find("kind")->scalar == "Job";
      const yaml::Node& pod = job ? *document.Find("spec")->Find("template") : document;
      const yaml::Node& labels = *pod.Find("metadata")->Find("labels");
      EXPECT_EQ(metadata.Find("namespace")->scalar, "team-" + tenant);
      EXPECT_EQ(labels.Find("fairlead.dev/queue")->scalar, tenant);
      EXPECT_EQ(labels.Find("fairlead.dev/gang")->quoted, job);
      EXPECT_EQ(pod.Find("spec")->Find("schedulerName")->scalar, "fairlead");
    }
  }
}

}  // namespace
}  // namespace fairlead
