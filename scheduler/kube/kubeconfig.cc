// Kubeconfig files. Keys that are not read here are allowed: other programs keep theirs there.
// What would change who we are or how safe the connection is, and is not supported, is refused
// rather than passed over.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "fairlead/kube/client.h"
#include "fairlead/yaml/document.h"
#include "scheduler/kube/base64.h"

namespace fairlead::kube {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 16U << 20;

struct Document {
  std::string file;
  yaml::Node root;
};

// A named entry: the map below "cluster", "user" or "context", and where it is.
struct Entry {
  const yaml::Node* node = nullptr;
  std::string file;
  std::string path;  // "clusters[2].cluster"
};

Error At(const Entry& entry, const yaml::Node& node, std::string_view key, std::string message) {
  return Error{std::move(message), entry.file, node.line, node.column,
               key.empty() ? entry.path : fmt::format("{}.{}", entry.path, key)};
}

const std::string* ScalarOf(const yaml::Node& map, std::string_view key) {
  const yaml::Node* node = map.Find(key);
  return node != nullptr && node->kind == yaml::Kind::kScalar ? &node->scalar : nullptr;
}

// Reads the members of one entry, keeping the first error.
class EntryReader {
 public:
  explicit EntryReader(const Entry& entry) : entry_(entry) {}

  std::string Text(std::string_view key) {
    const yaml::Node* node = entry_.node->Find(key);
    if (node == nullptr || node->kind == yaml::Kind::kNull) return {};
    if (node->kind == yaml::Kind::kScalar) return node->scalar;
    Fail(*node, key, "expected a string");
    return {};
  }

  bool Flag(std::string_view key) {
    const std::string text = Text(key);
    if (text == "true") return true;
    if (!text.empty() && text != "false") {
      Fail(*entry_.node->Find(key), key, fmt::format("\"{}\": expected true or false", text));
    }
    return false;
  }

  // A path as written, or under the folder of the file that names it.
  std::string Path(std::string_view key) {
    std::string text = Text(key);
    if (text.empty() || fs::path(text).is_absolute()) return text;
    return (fs::path(entry_.file).parent_path() / text).string();
  }

  // The base64 text of `key`-data, else the content of the file that `key` names.
  std::string Content(const std::string& key) {
    const std::string data_key = key + "-data";
    if (const std::string encoded = Text(data_key); !encoded.empty()) {
      Result<std::string> decoded = Base64Decode(encoded);
      if (decoded) return std::move(decoded).value();
      Fail(*entry_.node->Find(data_key), data_key, decoded.error().message);
      return {};
    }
    const std::string path = Path(key);
    if (path.empty()) return {};
    Result<std::string> content = yaml::ReadFile(path, kMaxFile);
    if (content) return std::move(content).value();
    Fail(*entry_.node->Find(key), key, content.error().ToString());
    return {};
  }

  void Refuse(std::string_view key, std::string_view why) {
    const yaml::Node* node = entry_.node->Find(key);
    if (node == nullptr || node->kind == yaml::Kind::kNull) return;
    if (node->kind == yaml::Kind::kScalar && node->scalar.empty()) return;
    Fail(*node, key, std::string(why));
  }

  void Fail(const yaml::Node& node, std::string_view key, std::string message) {
    if (!error_) error_ = At(entry_, node, key, std::move(message));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Entry& entry_;
  std::optional<Error> error_;
};

// As kubectl merges: of several entries of a name the first counts, whole; so does the first
// current-context.
Result<Entry> FindEntry(const std::vector<Document>& documents, std::string_view list,
                        std::string_view kind, const std::string& name) {
  std::string known;
  for (const Document& document : documents) {
    const yaml::Node* items = document.root.Find(list);
    if (items == nullptr) continue;
    for (std::size_t i = 0; i < items->items.size(); ++i) {
      const yaml::Node& item = items->items[i];
      const std::string* item_name = ScalarOf(item, "name");
      if (item_name == nullptr) continue;
      known += known.empty() ? *item_name : ", " + *item_name;
      if (*item_name != name) continue;
      Entry entry{item.Find(kind), document.file, fmt::format("{}[{}].{}", list, i, kind)};
      if (entry.node == nullptr || entry.node->kind != yaml::Kind::kMap) {
        return At(entry, item, "", "expected a map");
      }
      return entry;
    }
  }
  return Error{fmt::format("there is no {} \"{}\"; there {}", kind, name,
                           known.empty() ? "is none" : "are: " + known),
               documents.front().file, 0, 0, std::string(list)};
}

std::string CurrentContext(const std::vector<Document>& documents) {
  for (const Document& document : documents) {
    const std::string* name = ScalarOf(document.root, "current-context");
    if (name != nullptr && !name->empty()) return *name;
  }
  return {};
}

Status ReadCluster(const Entry& entry, Connection* out) {
  EntryReader reader(entry);
  out->server = reader.Text("server");
  if (out->server.empty()) reader.Fail(*entry.node, "server", "expected the server's address");
  out->tls_server_name = reader.Text("tls-server-name");
  out->proxy_url = reader.Text("proxy-url");
  if (!out->proxy_url.empty() && out->proxy_url.rfind("http://", 0) != 0) {
    reader.Fail(*entry.node->Find("proxy-url"), "proxy-url", "expected http://HOST:PORT");
  }
  out->insecure_skip_verify = reader.Flag("insecure-skip-tls-verify");
  out->ca_pem = reader.Content("certificate-authority");
  if (out->insecure_skip_verify && !out->ca_pem.empty()) {
    reader.Fail(*entry.node, "insecure-skip-tls-verify",
                "expected either this or a certificate authority, not both");
  }
  if (reader.error()) return *reader.error();
  return Ok{};
}

Status ReadExec(const Entry& user, const yaml::Node& node, Connection* out) {
  const Entry entry{&node, user.file, user.path + ".exec"};
  if (node.kind != yaml::Kind::kMap) return At(entry, node, "", "expected a map");
  EntryReader reader(entry);
  std::string command = reader.Text("command");
  if (command.empty()) reader.Fail(node, "command", "expected the program to run");
  // Like in a shell: only a name without a slash is searched for in PATH.
  if (command.find('/') != std::string::npos) command = reader.Path("command");
  out->exec_command = {command};
  out->exec_api_version = reader.Text("apiVersion");
  if (out->exec_api_version != "client.authentication.k8s.io/v1" &&
      out->exec_api_version != "client.authentication.k8s.io/v1beta1") {
    reader.Fail(node, "apiVersion",
                fmt::format("\"{}\": expected client.authentication.k8s.io/v1 or v1beta1",
                            out->exec_api_version));
  }
  out->exec_cluster = reader.Flag("provideClusterInfo");
  if (const yaml::Node* args = node.Find("args"); args != nullptr) {
    for (const yaml::Node& arg : args->items) out->exec_command.push_back(arg.scalar);
  }
  if (const yaml::Node* env = node.Find("env"); env != nullptr) {
    for (const yaml::Node& item : env->items) {
      const std::string* name = ScalarOf(item, "name");
      const std::string* value = ScalarOf(item, "value");
      if (name == nullptr) return At(entry, item, "env", "expected name and value");
      out->exec_env.emplace_back(*name, value == nullptr ? "" : *value);
    }
  }
  if (reader.error()) return *reader.error();
  return Ok{};
}

Status ReadUser(const Entry& entry, Connection* out) {
  EntryReader reader(entry);
  for (const std::string_view key : {"username", "password"}) {
    reader.Refuse(key,
                  "basic authentication is not supported (Kubernetes dropped it in 1.19): "
                  "use a token, a client certificate or exec");
  }
  reader.Refuse("auth-provider", "auth providers are not supported: use exec");
  for (const std::string_view key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    reader.Refuse(key, "impersonation is not supported");
  }
  out->token = reader.Text("token");
  out->token_file = reader.Path("tokenFile");
  out->client_cert_pem = reader.Content("client-certificate");
  out->client_key_pem = reader.Content("client-key");
  if (out->client_cert_pem.empty() != out->client_key_pem.empty()) {
    reader.Fail(*entry.node, "", "expected both or neither of client-certificate and client-key");
  }
  if (reader.error()) return *reader.error();
  const yaml::Node* exec = entry.node->Find("exec");
  if (exec != nullptr && exec->kind != yaml::Kind::kNull) return ReadExec(entry, *exec, out);
  return Ok{};
}

Result<Connection> Choose(const std::vector<Document>& documents, const std::string& context) {
  const std::string name = context.empty() ? CurrentContext(documents) : context;
  if (name.empty()) {
    return Error{"no context is chosen: set current-context or name a context",
                 documents.front().file, 0, 0, "current-context"};
  }
  const Result<Entry> chosen = FindEntry(documents, "contexts", "context", name);
  if (!chosen) return chosen.error();
  EntryReader reader(*chosen);
  const std::string cluster_name = reader.Text("cluster");
  const std::string user_name = reader.Text("user");
  if (cluster_name.empty()) reader.Fail(*chosen->node, "cluster", "expected a cluster's name");
  if (reader.error()) return *reader.error();
  Connection out;
  const Result<Entry> cluster = FindEntry(documents, "clusters", "cluster", cluster_name);
  if (!cluster) return cluster.error();
  if (Status read = ReadCluster(*cluster, &out); !read) return read.error();
  if (user_name.empty()) return out;
  const Result<Entry> user = FindEntry(documents, "users", "user", user_name);
  if (!user) return user.error();
  if (Status read = ReadUser(*user, &out); !read) return read.error();
  return out;
}

Result<Document> ParseDocument(std::string_view text, const std::string& file) {
  Result<yaml::Node> root = yaml::Parse(text, file);
  if (!root) return root.error();
  if (root->kind != yaml::Kind::kMap && root->kind != yaml::Kind::kNull) {
    return Error{"expected a kubeconfig", file, root->line, root->column, ""};
  }
  return Document{file, std::move(root).value()};
}

// The environment is only read, and nothing writes it while the process starts.
std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

std::vector<std::string> DefaultFiles() {
  std::vector<std::string> files;
  const std::string list = FromEnvironment("KUBECONFIG");
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) files.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  if (files.empty()) files.push_back(FromEnvironment("HOME") + "/.kube/config");
  return files;
}

}  // namespace

Result<Connection> ParseKubeconfig(std::string_view text, const std::string& file,
                                   const std::string& context) {
  Result<Document> document = ParseDocument(text, file);
  if (!document) return document.error();
  std::vector<Document> documents;
  documents.push_back(std::move(document).value());
  return Choose(documents, context);
}

Result<Connection> LoadKubeconfig(const std::string& path, const std::string& context) {
  std::vector<Document> documents;
  std::string looked;
  for (const std::string& file : path.empty() ? DefaultFiles() : std::vector{path}) {
    std::error_code ignored;
    looked += looked.empty() ? file : ", " + file;
    if (path.empty() && !fs::exists(file, ignored)) continue;  // as kubectl does
    Result<std::string> text = yaml::ReadFile(file, kMaxFile);
    if (!text) return text.error();
    Result<Document> document = ParseDocument(*text, file);
    if (!document) return document.error();
    documents.push_back(std::move(document).value());
  }
  if (documents.empty()) {
    return Error{fmt::format("no kubeconfig: looked for {}", looked), "", 0, 0, ""};
  }
  return Choose(documents, context);
}

Result<Connection> InClusterConnection() {
  const std::string host = FromEnvironment("KUBERNETES_SERVICE_HOST");
  const std::string port = FromEnvironment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Error{
        "not inside a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are "
        "not set",
        "", 0, 0, ""};
  }
  const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  Result<std::string> authority = yaml::ReadFile(folder + "/ca.crt", kMaxFile);
  if (!authority) return authority.error();
  Connection out;
  const bool ipv6 = host.find(':') != std::string::npos;
  out.server =
      ipv6 ? fmt::format("https://[{}]:{}", host, port) : fmt::format("https://{}:{}", host, port);
  out.ca_pem = std::move(authority).value();
  out.token_file = folder + "/token";
  return out;
}

}  // namespace fairlead::kube
