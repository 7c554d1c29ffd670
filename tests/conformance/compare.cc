// What two servers may say differently, and where they do.
#include <regex>
#include <set>

#include "tests/conformance/runner.h"

namespace fairlead::conformance {
namespace {

const std::set<std::string> kPerServer = {"uid", "resourceVersion", "managedFields", "continue",
                                          "selfLink"};

bool IsTime(const std::string& text) {
  static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
  return std::regex_match(text, time);
}

// uids, revisions and times inside of sentences and of labels.
std::string NormaliseText(const std::string& text) {
  static const std::regex uid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  static const std::regex version(R"(resource version: \d+( \(\d+\))?)");
  static const std::regex current(R"(current: \d+)");
  static const std::regex recorded(R"((does not match the ResourceVersion in record) \(\d+\))");
  static const std::regex wanted(R"(the ResourceVersion in the precondition \(\d+\))");
  std::string out = std::regex_replace(text, uid, "UID");
  out = std::regex_replace(out, recorded, "$1 (N)");
  out = std::regex_replace(out, wanted, "the ResourceVersion in the precondition (N)");
  out = std::regex_replace(out, version, "resource version: N");
  return std::regex_replace(out, current, "current: N");
}

// A name that generateName made keeps its stem.
void NormaliseName(Json* meta) {
  const std::string stem = meta->value("generateName", "");
  const std::string name = meta->value("name", "");
  if (!stem.empty() && name.starts_with(stem)) (*meta)["name"] = stem + "*";
}

void Walk(const Json& a, const Json& b, const std::string& path, std::vector<std::string>* out) {
  if (a.is_object() && b.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : a.items()) keys.insert(key);
    for (const auto& [key, value] : b.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const Json absent = "(absent)";
      Walk(a.contains(key) ? a[key] : absent, b.contains(key) ? b[key] : absent, path + "." + key,
           out);
    }
    return;
  }
  if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      Walk(a[i], b[i], path + "[" + std::to_string(i) + "]", out);
    }
    return;
  }
  if (a != b)
    out->push_back(path + ": " + a.dump().substr(0, 400) + " | " + b.dump().substr(0, 400));
}

}  // namespace

Json Normalise(const Json& answer) {
  if (answer.is_string()) {
    const auto text = answer.get<std::string>();
    return IsTime(text) ? Json("TIME") : Json(NormaliseText(text));
  }
  if (answer.is_array()) {
    Json list = Json::array();
    for (const Json& item : answer) list.push_back(Normalise(item));
    return list;
  }
  if (!answer.is_object()) return answer;
  Json object = Json::object();
  for (const auto& [key, value] : answer.items()) {
    if (key == "managedFields" || key == "selfLink") continue;
    if (kPerServer.contains(key) && value.is_string() && !value.get<std::string>().empty()) {
      object[key] = "SOME";
    } else {
      object[key] = Normalise(value);
    }
  }
  if (object.contains("metadata") && object["metadata"].is_object()) {
    NormaliseName(&object["metadata"]);
  }
  return object;
}

std::vector<std::string> Differences(const Json& a, const Json& b) {
  std::vector<std::string> out;
  Walk(a, b, "", &out);
  return out;
}

}  // namespace fairlead::conformance
