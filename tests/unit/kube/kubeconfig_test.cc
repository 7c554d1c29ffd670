#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fairlead/kube/client.h"
#include "scheduler/kube/base64.h"
#include "scheduler/kube/credentials.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A kubeconfig whose cluster and user hold these lines.
std::string Config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
         "contexts:\n- name: c\n  context: {cluster: k, user: u}\n"
         "clusters:\n- name: k\n  cluster:\n    " +
         cluster + "\nusers:\n- name: u\n  user:\n    " + user + "\n";
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("kubeconfig-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string Write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  fs::path path_;
};

TEST(Kubeconfig, ReadsClusterAndUser) {
  const std::string text = Config(
      "server: https://10.0.0.1:6443\n    certificate-authority-data: aGVsbG8=\n"
      "    tls-server-name: kubernetes.default\n    proxy-url: http://127.0.0.1:3128\n"
      "    extensions: [{name: minikube, extension: {version: 1}}]",
      "token: t0ken\n    client-certificate-data: Y2VydA==\n    client-key-data: a2V5");
  const Result<Connection> got = ParseKubeconfig(text, "kc", "");
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->server, "https://10.0.0.1:6443");
  EXPECT_EQ(got->ca_pem, "hello");
  EXPECT_EQ(got->tls_server_name, "kubernetes.default");
  EXPECT_EQ(got->proxy_url, "http://127.0.0.1:3128");
  EXPECT_EQ(got->token, "t0ken");
  EXPECT_EQ(got->client_cert_pem, "cert");
  EXPECT_EQ(got->client_key_pem, "key");
  EXPECT_FALSE(got->insecure_skip_verify);
}

TEST(Kubeconfig, RefusesWithPlaceAndReason) {
  struct Case {
    const char* what;
    std::string text;
    const char* place;
    const char* reason;
  };
  const std::string server = "server: https://a";
  const std::vector<Case> cases = {
      {"no server", Config("x: y", "token: t"), "clusters[0].cluster.server", "address"},
      {"basic authentication", Config(server, "username: me"), "kc:14:15: users[0].user.username",
       "basic authentication is not supported"},
      {"auth provider", Config(server, "auth-provider: {name: gcp}"), "auth-provider", "use exec"},
      {"impersonation", Config(server, "as: root"), "users[0].user.as", "impersonation"},
      {"bad base64", Config(server + "\n    certificate-authority-data: '!!'", "token: t"),
       "certificate-authority-data", "base64"},
      {"missing file", Config(server + "\n    certificate-authority: gone.crt", "token: t"),
       "certificate-authority", "gone.crt"},
      {"half a client certificate", Config(server, "client-certificate-data: Y2VydA=="),
       "users[0].user", "both or neither"},
      {"insecure with authority",
       Config(server + "\n    insecure-skip-tls-verify: true\n"
                       "    certificate-authority-data: aGVsbG8=",
              "token: t"),
       "insecure-skip-tls-verify", "not both"},
      {"flag", Config(server + "\n    insecure-skip-tls-verify: maybe", "token: t"),
       "insecure-skip-tls-verify", "true or false"},
      {"socks proxy", Config(server + "\n    proxy-url: socks5://p", "token: t"), "proxy-url",
       "http://HOST:PORT"},
      {"exec version", Config(server, "exec: {command: x, apiVersion: v0}"),
       "users[0].user.exec.apiVersion", "client.authentication.k8s.io/v1"},
      {"no exec command", Config(server, "exec: {apiVersion: client.authentication.k8s.io/v1}"),
       "users[0].user.exec.command", "program"},
      {"no context", "clusters: []", "current-context", "no context is chosen"},
      {"unknown context", "current-context: z\ncontexts: [{name: a, context: {}}]", "contexts",
       "there is no context \"z\"; there are: a"},
      {"not a map", "- a", "kc:1", "expected a kubeconfig"},
  };
  for (const Case& c : cases) {
    const Result<Connection> got = ParseKubeconfig(c.text, "kc", "");
    ASSERT_FALSE(got.ok()) << c.what;
    EXPECT_THAT(got.error().ToString(), HasSubstr(c.place)) << c.what;
    EXPECT_THAT(got.error().ToString(), HasSubstr(c.reason)) << c.what;
  }
}

TEST(Kubeconfig, PathsStartAtTheFolderOfTheFile) {
  const Folder folder;
  folder.Write("sub/ca.crt", "authority");
  const std::string file = folder.Write(
      "sub/config",
      Config("server: https://a\n    certificate-authority: ca.crt", "tokenFile: secrets/token"));
  const Result<Connection> got = LoadKubeconfig(file, "");
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->ca_pem, "authority");
  EXPECT_EQ(got->token_file, fs::path(file).parent_path() / "secrets/token");
}

// As kubectl: the first file with an entry of a name decides it whole; a missing file is nothing.
TEST(Kubeconfig, MergesTheListOfFiles) {
  const Folder folder;
  const std::string first = folder.Write("a",
                                         "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                                         "users: [{name: u, user: {token: first}}]\n");
  const std::string second =
      folder.Write("b", Config("server: https://second", "tokenFile: /second"));
  ::setenv("KUBECONFIG", ("/not/there:" + first + ":" + second).c_str(), 1);
  const Result<Connection> got = LoadKubeconfig("", "");
  ::unsetenv("KUBECONFIG");
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->server, "https://second");
  EXPECT_EQ(got->token, "first");
  EXPECT_EQ(got->token_file, "");
}

TEST(Kubeconfig, ReadsExec) {
  const Result<Connection> got = ParseKubeconfig(
      Config("server: https://a",
             "exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n"
             "      command: ./bin/login\n      args: [get, token]\n"
             "      env: [{name: REGION, value: eu}]\n      interactiveMode: Never\n"
             "      provideClusterInfo: true"),
      "/etc/kube/config", "c");
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->exec_command, (std::vector<std::string>{"/etc/kube/./bin/login", "get", "token"}));
  EXPECT_EQ(got->exec_env, (std::vector<std::pair<std::string, std::string>>{{"REGION", "eu"}}));
  EXPECT_TRUE(got->exec_cluster);
}

TEST(ExecPlugin, RunsAndParses) {
  Connection connection;
  connection.exec_api_version = "client.authentication.k8s.io/v1";
  connection.exec_env = {{"SECRET", "s3cret"}};
  connection.exec_command = {
      "/bin/sh", "-c",
      "case $KUBERNETES_EXEC_INFO in *ExecCredential*) ;; *) exit 9 ;; esac; "
      "echo '{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$SECRET'\","
      "\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}}'"};
  const Result<ExecCredential> got = RunExecPlugin(connection, Duration::Seconds(20));
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(got->token, "s3cret");
  EXPECT_EQ(FormatInstant(got->expires), "2030-01-01T00:00:00Z");
}

TEST(ExecPlugin, SaysWhatWentWrongWithoutSecrets) {
  struct Case {
    std::vector<std::string> command;
    Duration timeout;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {{"/not/there"}, Duration::Seconds(20), "cannot run the exec plugin /not/there: No such"},
      {{"/bin/sh", "-c", "exit 3"}, Duration::Seconds(20), "failed with exit code 3"},
      {{"/bin/sh", "-c", "echo hunter2"}, Duration::Seconds(20), "expected an ExecCredential"},
      {{"/bin/sh", "-c", "echo '{\"kind\":\"ExecCredential\",\"status\":{}}'"},
       Duration::Seconds(20),
       "neither token"},
      {{"/bin/sleep", "600"}, Duration::Milliseconds(50), "did not finish in time"},
  };
  for (const Case& c : cases) {
    Connection connection;
    connection.exec_command = c.command;
    const Result<ExecCredential> got = RunExecPlugin(connection, c.timeout);
    ASSERT_FALSE(got.ok());
    EXPECT_THAT(got.error().message, HasSubstr(c.reason));
    EXPECT_EQ(got.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(ServerUrl, Parses) {
  struct Case {
    const char* url;
    const char* origin;  // null: refused
    const char* prefix;
  };
  const std::vector<Case> cases = {
      {"https://a", "https://a:443", ""},
      {"http://a/", "http://a:80", ""},
      {"https://a:6443/k8s/clusters/c-1/", "https://a:6443", "/k8s/clusters/c-1"},
      {"https://[::1]:6443", "https://[::1]:6443", ""},
      {"https://[fd00::1]", "https://[fd00::1]:443", ""},
      {"ftp://a", nullptr, ""},
      {"https://", nullptr, ""},
      {"https://a:0", nullptr, ""},
      {"https://a:65536", nullptr, ""},
      {"https://a:1x", nullptr, ""},
      {"https://a?x=y", nullptr, ""},
      {"https://a\r\nX: y", nullptr, ""},
      {"https://[::1", nullptr, ""},
  };
  for (const Case& c : cases) {
    const Result<ServerUrl> got = ParseServerUrl(c.url);
    ASSERT_EQ(got.ok(), c.origin != nullptr) << c.url;
    if (!got.ok()) continue;
    EXPECT_EQ(got->Origin(), c.origin);
    EXPECT_EQ(got->prefix, c.prefix);
  }
  EXPECT_EQ(ParseServerUrl("http://me:p%40ss@proxy:1")->userinfo, "me:p@ss");
}

TEST(Base64, RoundTripsAndRefuses) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const Result<std::string> back = Base64Decode(Base64Encode(bytes));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, bytes);
    bytes.push_back(static_cast<char>(i));
  }
  EXPECT_EQ(Base64Encode("hello"), "aGVsbG8=");
  EXPECT_EQ(*Base64Decode(" aGVs\nbG8= "), "hello");
  for (const char* wrong : {"a", "aG", "aGVsbG8", "a===", "aG=s", "aGV*"}) {
    EXPECT_FALSE(Base64Decode(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace fairlead::kube
