// The arrows between modules, and what pure code may not do, read off the sources themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fairlead {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

// module -> the modules that it may include, besides itself and everything that those may include.
const std::map<std::string, Names> kArrows = {
    {"base", {}},
    {"yaml", {"base"}},
    {"model", {"queues"}},
    {"queues", {"base"}},
    {"placement", {"model", "queues"}},
    {"cycle", {"placement"}},
    {"engine", {"cycle"}},
    {"config", {"model", "queues", "yaml"}},
    {"sim", {"engine", "yaml"}},
    {"net", {"base"}},
    {"kube", {"engine", "net", "yaml"}},
    {"apiserver", {"engine", "net"}},
    {"ledger", {"engine", "yaml"}},
    {"service", {"engine"}},
    {"cli", {"kube", "apiserver", "service", "ledger", "sim", "config"}},
};

const Names kPure = {"base", "yaml", "model", "queues", "placement", "cycle"};
const Names kIntegerOnly = {"base", "model", "queues", "placement", "cycle"};

Names Reachable(const std::string& module) {
  Names all{module};
  for (const std::string& next : kArrows.at(module)) all.merge(Reachable(next));
  return all;
}

// The module of a path below the root, "" if it belongs to none.
std::string ModuleOf(const std::string& path) {
  static const std::regex pattern(
      R"(^(?:include/fairlead|scheduler)/([a-z]+)/.*|^(queues|config)/.*)");
  std::smatch match;
  if (!std::regex_match(path, match, pattern)) return "";
  return match[1].matched ? match[1].str() : match[2].str();
}

// Which module an included header belongs to, "" for other people's.
std::string ModuleOfInclude(const std::string& header) {
  static const std::regex ours(R"(^fairlead/([a-z]+)/.*)");
  std::smatch match;
  if (std::regex_match(header, match, ours)) return match[1].str();
  return ModuleOf(header);
}

struct Source {
  std::string path;  // below the root
  std::string module;
  std::string text;
};

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Source> Sources() {
  const fs::path root = FAIRLEAD_SOURCE_DIR;
  std::vector<Source> sources;
  for (const char* folder : {"include/fairlead", "scheduler", "queues", "config"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      const std::string path = fs::relative(entry.path(), root).string();
      sources.push_back({path, ModuleOf(path), Read(entry.path())});
    }
  }
  return sources;
}

std::vector<std::string> Includes(const std::string& text) {
  static const std::regex line(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re",
                               std::regex::ECMAScript | std::regex::multiline);
  std::vector<std::string> headers;
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    headers.push_back((*it)[1].str());
  }
  return headers;
}

// Comments and string literals may say what code may not do.
std::string WithoutComments(const std::string& text) {
  static const std::regex noise(R"re(//[^\n]*|"(?:\\.|[^"\\\n])*")re");
  return std::regex_replace(text, noise, "");
}

// What each offends against, one line per finding.
std::vector<std::string> Forbidden(const Source& source, const std::string& pattern,
                                   const std::string& why) {
  const std::string code = WithoutComments(source.text);
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(code.begin(), code.end(), regex), end; it != end; ++it) {
    found.push_back(source.path + ": " + it->str() + " (" + why + ")");
  }
  return found;
}

void ExpectNone(const std::vector<std::string>& findings) {
  for (const std::string& finding : findings) ADD_FAILURE() << finding;
}

TEST(Layering, EverySourceBelongsToAModule) {
  const auto sources = Sources();
  EXPECT_GT(sources.size(), 50U);
  for (const Source& source : sources) {
    if (source.path == "scheduler/cli/main.cc") continue;
    EXPECT_TRUE(kArrows.contains(source.module)) << source.path << " is in no module";
  }
}

TEST(Layering, IncludesFollowTheArrows) {
  for (const Source& source : Sources()) {
    const Names allowed = Reachable(source.module);
    for (const std::string& header : Includes(source.text)) {
      const std::string target = ModuleOfInclude(header);
      if (target.empty()) continue;
      EXPECT_TRUE(allowed.contains(target)) << source.path << " includes " << header;
      const bool is_private = header.rfind("fairlead/", 0) != 0;
      EXPECT_TRUE(!is_private || target == source.module)
          << source.path << " includes the private header " << header;
    }
  }
}

// What is generated from include/fairlead/v1 is heavy and is no model: an adapter and a client, one
// file each, turn it into values of ours.
TEST(Layering, OneFileEachOfServiceAndCliKnowsGrpc) {
  std::map<std::string, Names> users;
  for (const Source& source : Sources()) {
    for (const std::string& header : Includes(source.text)) {
      const bool generated = header.rfind("fairlead/v1/", 0) == 0;
      const bool library = header.rfind("grpc", 0) == 0 || header.rfind("google/", 0) == 0;
      if (generated || library) users[source.module].insert(source.path);
    }
  }
  const std::map<std::string, Names> expected = {
      {"cli", {"scheduler/cli/scheduler_client.cc"}},
      {"service", {"scheduler/service/grpc_server.cc"}},
  };
  EXPECT_EQ(users, expected);
}

TEST(Layering, PureCodeHasNoClockThreadSocketOrLog) {
  const Names banned = {"thread",   "mutex",  "atomic",   "condition_variable",
                        "random",   "future", "iostream", "sys/socket.h",
                        "unistd.h", "time.h", "ctime"};
  for (const Source& source : Sources()) {
    if (!kPure.contains(source.module)) continue;
    for (const std::string& header : Includes(source.text)) {
      EXPECT_FALSE(banned.contains(header)) << source.path << " includes <" << header << ">";
      for (const char* prefix : {"boost/asio", "boost/beast", "google/", "grpc", "protozero/",
                                 "spdlog/", "prometheus/", "openssl/"}) {
        EXPECT_NE(header.rfind(prefix, 0), 0U) << source.path << " includes " << header;
      }
    }
    ExpectNone(Forbidden(source, R"(::now\b|\brandom_device\b|\bgetenv\b)", "pure code"));
  }
}

TEST(Layering, DecisionsAreMadeOfIntegers) {
  for (const Source& source : Sources()) {
    if (!kIntegerOnly.contains(source.module)) continue;
    ExpectNone(Forbidden(source, R"(\b(float|double)\b)", "floating point"));
  }
}

// A loop over an unordered container visits it in an order that differs between machines. Names of
// members and variables that are declared unordered in a module may not stand behind the colon of a
// loop in it.
TEST(Layering, NoUnorderedIterationInPureCode) {
  std::map<std::string, Names> unordered;
  static const std::regex declaration(
      R"(unordered_(?:flat_)?(?:map|set|multimap|multiset)<[^;]*>\s+(\w+)\s*[;={(])");
  const auto sources = Sources();
  for (const Source& source : sources) {
    const std::string code = WithoutComments(source.text);
    for (std::sregex_iterator it(code.begin(), code.end(), declaration), end; it != end; ++it) {
      unordered[source.module].insert((*it)[1].str());
    }
  }
  EXPECT_FALSE(unordered["model"].empty()) << "the pattern finds nothing any more";
  for (const Source& source : sources) {
    if (!kPure.contains(source.module)) continue;
    for (const std::string& name : unordered[source.module]) {
      ExpectNone(Forbidden(source, R"(for \([^;()]*: (\w+(\.|->))*)" + name + R"(\))",
                           "unordered iteration"));
    }
  }
}

TEST(Layering, FilesStaySmall) {
  for (const Source& source : Sources()) {
    const auto lines = std::count(source.text.begin(), source.text.end(), '\n');
    EXPECT_LE(lines, 500) << source.path;
  }
}

}  // namespace
}  // namespace fairlead
