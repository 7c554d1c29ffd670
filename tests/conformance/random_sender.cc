// Sends random requests and compares what comes back.
#include <algorithm>
#include <functional>
#include <regex>

#include "tests/conformance/random_requests.h"

namespace fairlead::conformance {
namespace {

// False: `value` is not known yet.
bool Replace(std::string* text, const std::string& mark, const std::string& value) {
  for (std::size_t at = 0; (at = text->find(mark, at)) != std::string::npos; at += value.size()) {
    if (value.empty()) return false;
    text->replace(at, mark.size(), value);
  }
  return true;
}

std::string Found(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto at = map.find(key);
  return at == map.end() ? "" : at->second;
}

std::string Member(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

Step StepOf(const std::string& method, const std::string& path, const Json& body) {
  Step step;
  step.method = method;
  step.path = path;
  if (!body.is_null()) step.body = body.dump();
  return step;
}

}  // namespace

RandomSender::RandomSender(Target target, std::string prefix)
    : target_(std::move(target)), prefix_(std::move(prefix)) {
  for (const char* ns : {"-x", "-y"}) {
    Make("/api/v1/namespaces", {{"metadata", {{"name", prefix_ + ns}}}});
  }
}

void RandomSender::CleanUp() {
  const Json no_finalizers = {{"metadata", {{"finalizers", nullptr}}}};
  for (const RandomKind& kind : RandomKinds()) {
    if (kind.namespaced) continue;
    const std::string mine = "?labelSelector=run%3D" + prefix_;
    for (const char* name : {"-a", "-b", "-c"}) {
      Step patch = StepOf("PATCH", kind.Collection("") + "/" + prefix_ + name, no_finalizers);
      patch.type = "application/merge-patch+json";
      conformance::Send(target_.access, patch);
      conformance::Send(target_.access,
                        StepOf("DELETE", kind.Collection("") + "/" + prefix_ + name, nullptr));
    }
    conformance::Send(target_.access, StepOf("DELETE", kind.Collection("") + mine, nullptr));
  }
  for (const char* ns : {"-x", "-y"}) {
    conformance::Send(target_.access,
                      StepOf("DELETE", "/api/v1/namespaces/" + prefix_ + ns, nullptr));
  }
}

void RandomSender::Make(const std::string& path, const Json& body) {
  conformance::Send(target_.access, StepOf("POST", path, body));
}

std::optional<std::string> RandomSender::Filled(std::string text,
                                                const RandomRequest& request) const {
  Replace(&text, "${s}", prefix_);
  if (text.find("${") == std::string::npos) return text;
  std::string object = request.object;
  Replace(&object, "${s}", prefix_);
  const auto seen = objects_.find(object);
  const Seen last = seen == objects_.end() ? Seen{} : seen->second;
  std::string collection = request.path.substr(0, request.path.find('?'));
  Replace(&collection, "${s}", prefix_);
  const bool known = Replace(&text, "${uid}", last.uid) && Replace(&text, "${rv}", last.version) &&
                     Replace(&text, "${oldrv}", last.first_version) &&
                     Replace(&text, "${continue}", Found(continues_, collection)) &&
                     Replace(&text, "${saved}", Found(saved_, collection));
  return known ? std::optional(text) : std::nullopt;
}

std::optional<Json> RandomSender::Filled(const Json& value, const RandomRequest& request) const {
  if (value.is_string()) {
    auto text = Filled(value.get<std::string>(), request);
    return text ? std::optional<Json>(*text) : std::nullopt;
  }
  Json copy = value;
  if (!copy.is_structured()) return copy;
  for (auto& member : copy) {
    auto filled = Filled(Json(member), request);
    if (!filled) return std::nullopt;
    member = *filled;
  }
  return copy;
}

void RandomSender::Remember(const RandomRequest& request, const std::string& collection,
                            const Json& body) {
  if (!body.is_object() || !body.contains("metadata") || !body["metadata"].is_object()) return;
  const Json& meta = body["metadata"];
  const std::string kind = Member(body, "kind");
  if (kind.ends_with("List")) {
    const std::string token = Member(meta, "continue");
    if (!token.empty()) continues_[collection] = token;
    const std::string version = Member(meta, "resourceVersion");
    if (!version.empty()) saved_.emplace(collection, version);
  } else if (request.kind != nullptr && kind == request.kind->kind) {
    Seen& seen = objects_[request.kind->plural + "/" + Member(meta, "namespace") + "/" +
                          Member(meta, "name")];
    seen.last = body;
    seen.last["metadata"].erase("managedFields");
    seen.uid = Member(meta, "uid");
    seen.version = Member(meta, "resourceVersion");
    if (seen.first_version.empty()) seen.first_version = seen.version;
  }
}

RandomAnswer RandomSender::Send(const RandomRequest& request) {
  RandomAnswer out;
  const auto path = Filled(request.path, request);
  auto body = Filled(request.body, request);
  if (!path || !body) return out;
  if (request.from_last) {
    std::string object = request.object;
    Replace(&object, "${s}", prefix_);
    const auto seen = objects_.find(object);
    if (seen == objects_.end()) return out;
    const Json change = *body;
    *body = seen->second.last;
    body->merge_patch(change);
  }
  if (request.damage != 0) Damage(&*body, request.damage);
  Step step = StepOf(request.method, *path, *body);
  step.type = request.type;
  step.accept = request.accept;
  const std::string collection = path->substr(0, path->find('?'));
  if (request.method == "WATCH") {
    step.until =
        (request.kind->namespaced ? "" : prefix_ + "-") + "marker-" + std::to_string(++markers_);
    RandomRequest marker = request;
    marker.body = PlainBody(*request.kind, step.until);
    std::string ns = request.object.substr(request.object.find('/') + 1);
    ns = ns.substr(0, ns.find('/'));
    std::string text = Filled(marker.body, request)->dump();
    Replace(&ns, "${s}", prefix_);
    Replace(&text, "${ns}", ns.empty() ? "default" : ns);
    Make(collection, Json::parse(text));
  }
  const Answer answer = conformance::Send(target_.access, step);
  const Json json = answer.ToJson();
  if (answer.status < 300 && path->find("dryRun") == std::string::npos &&
      step.body.find("dryRun") == std::string::npos) {
    Remember(request, collection, json);
  }
  out.sent = true;
  out.request =
      request.method + " " + *path + " " + (step.body.empty() ? "" : step.type + " " + step.body);
  Json whole = {{"status", answer.status}, {"type", answer.content_type}};
  if (answer.status == 0) whole["error"] = answer.body;
  whole["body"] = json.is_null() ? Json(answer.body) : json;
  if (!answer.events.empty()) whole["events"] = answer.events;
  out.answer = Normalise(whole);
  return out;
}

namespace {

// What is not compared, beyond what Normalise() leaves out, and why:
//
// R1  Texts that show the inside of Go: positions in its decoder's buffer, values of its structs
// and
//     maps, addresses. They are what a user of the API can neither use nor rely on. The status, the
//     reason and the fields of the causes are compared.
// R2  The order of several causes, and with it the message, which lists them: the real server walks
//     maps in random order.
// R3  The end of a generated name, also in labels and inside of a sentence.
// R4  Events of a watch after which an object looks as before: the real server also keeps who wrote
//     which field, and a write that changes nothing else is an event there.
//
// Sequences keep away from what is not of one mind with itself at the real server (see the
// generator): a strategic merge patch that both deletes a list and deletes from it depends on the
// order of a map, and a JSON patch with nulls may end the connection.
bool ShowsGo(const std::string& text) {
  static const std::regex inside(
      R"(error found in #\d+ byte|ReadMapCB|ReadString|cannot unmarshal|unmarshalerDecoder|)"
      R"(Read[A-Z]\w+:|map\[|\[\]string\{|cannot restore|)"
      R"(\b(core|v1|v1beta1|batch|policy|meta|field|coordination|scheduling)\.[A-Z]\w+\{)");
  return std::regex_search(text, inside);
}

void HideGo(Json* value) {
  if (value->is_string() && ShowsGo(value->get<std::string>())) *value = "(Go)";
  if (value->is_structured()) {
    for (auto& member : *value) HideGo(&member);
  }
}

void HideGenerated(Json* value) {
  if (value->is_string()) {
    static const std::regex generated("\\bg-[bcdfghjklmnpqrstvwxz2456789]{5}\\b");
    *value = std::regex_replace(value->get<std::string>(), generated, "g-*");
  }
  if (value->is_structured()) {
    for (auto& member : *value) HideGenerated(&member);
  }
}

void SortCauses(Json* body) {
  if (!body->contains("details") || !(*body)["details"].is_object()) return;
  Json& details = (*body)["details"];
  if (!details.contains("causes") || !details["causes"].is_array()) return;
  Json& causes = details["causes"];
  if (causes.size() < 2) return;
  std::sort(causes.begin(), causes.end(), [](const Json& a, const Json& b) {
    return std::make_pair(Member(a, "field"), a.dump()) <
           std::make_pair(Member(b, "field"), b.dump());
  });
  (*body)["message"] = "(causes)";
}

void DropSilentEvents(Json* answer) {
  if (!answer->contains("events")) return;
  std::map<std::string, Json> last;
  Json kept = Json::array();
  for (const Json& event : (*answer)["events"]) {
    if (!event.is_object()) {
      kept.push_back(event);
      continue;
    }
    const Json object = event.value("object", Json::object());
    Json& seen = last[object.value("/metadata/name"_json_pointer, "")];
    if (Member(event, "type") != "MODIFIED" || seen != object) kept.push_back(event);
    seen = object;
  }
  (*answer)["events"] = kept;
}

void Reduce(Json* answer) {
  DropSilentEvents(answer);
  HideGenerated(answer);
  Json& body = (*answer)["body"];
  if (body.is_object() && Member(body, "kind") == "Status") {
    HideGo(&body);
    SortCauses(&body);
  }
}

}  // namespace

std::vector<std::string> AnswerDifferences(Json real, Json ours) {
  Reduce(&real);
  Reduce(&ours);
  // Where one server's words show Go and the other's do not, only the rest counts.
  const std::function<void(Json*, Json*)> even = [&](Json* a, Json* b) {
    if (*a == "(Go)" || *b == "(Go)") *a = *b = "(Go)";
    if (a->is_object() && b->is_object()) {
      for (auto& [key, value] : a->items()) {
        if (b->contains(key)) even(&value, &(*b)[key]);
      }
    } else if (a->is_array() && b->is_array() && a->size() == b->size()) {
      for (std::size_t i = 0; i < a->size(); ++i) even(&(*a)[i], &(*b)[i]);
    }
  };
  if (real["status"] == ours["status"]) even(&real["body"], &ours["body"]);
  return Differences(real, ours);
}

}  // namespace fairlead::conformance
