// Reads the case files.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/conformance/runner.h"

namespace fairlead::conformance {
namespace {

[[noreturn]] void Refuse(const std::string& file, int line, const std::string& why) {
  std::fprintf(stderr, "%s:%d: %s\n", file.c_str(), line, why.c_str());
  std::exit(2);
}

// Plain scalars are JSON where they read as JSON, else strings.
Json ToJson(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = ToJson(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(ToJson(item));
    return list;
  }
  if (!node.IsDefined() || node.IsNull()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();  // quoted
  Json value = Json::parse(node.Scalar(), nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(node.Scalar()) : value;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16));
  }
  return bytes;
}

Step ReadStep(const YAML::Node& node, const std::string& file) {
  Step step;
  step.line = node.Mark().line + 1;
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    const YAML::Node& value = entry.second;
    if (std::all_of(key.begin(), key.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
      step.method = key;
      step.path = value.Scalar();
    } else if (key == "body") {
      step.body = ToJson(value).dump();
    } else if (key == "text") {
      step.body = value.Scalar();
    } else if (key == "proto") {
      step.body = FromHex(value.Scalar());
      step.type = "application/vnd.kubernetes.protobuf";
    } else if (key == "type") {
      step.type = value.Scalar();
    } else if (key == "accept") {
      step.accept = value.Scalar();
    } else if (key == "expect") {
      step.expect = ToJson(value);
    } else if (key == "save") {
      for (const auto& save : value) {
        step.save.emplace_back(save.first.Scalar(), save.second.Scalar());
      }
    } else if (key == "events") {
      for (const auto& event : value) step.events.push_back(ToJson(event));
    } else if (key == "then" && value.Scalar() == "end") {
      step.then_end = true;
    } else if (key == "retry") {
      step.retry = value.as<bool>();
    } else if (key == "differs") {
      step.differs = value.Scalar();
    } else {
      Refuse(file, step.line, "unknown key '" + key + "'");
    }
  }
  if (step.method.empty()) Refuse(file, step.line, "a step needs a method, such as GET: PATH");
  return step;
}

void ReadFile(const std::filesystem::path& path, std::vector<Case>* cases) {
  const YAML::Node root = YAML::LoadFile(path.string());
  for (const auto& node : root) {
    Case one;
    one.file = path.stem().string();
    one.name = node["name"].as<std::string>("");
    one.since = node["since"].as<int>(0);
    one.until = node["until"].as<int>(INT_MAX);
    for (const auto& step : node["steps"]) one.steps.push_back(ReadStep(step, path.string()));
    if (one.name.empty() || one.steps.empty()) {
      Refuse(path.string(), node.Mark().line + 1, "a case needs a name and steps");
    }
    cases->push_back(std::move(one));
  }
}

}  // namespace

std::string Case::TestName() const {
  std::string text = file + "_" + name;
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return text;
}

std::vector<Case> LoadCases(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Case> cases;
  for (const auto& path : paths) {
    try {
      ReadFile(path, &cases);
    } catch (const YAML::Exception& error) {
      Refuse(path.string(), error.mark.line + 1, error.msg);
    }
  }
  return cases;
}

}  // namespace fairlead::conformance
