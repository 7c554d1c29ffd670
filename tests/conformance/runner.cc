#include "tests/conformance/runner.h"

#include <sstream>

#include "tests/support/http.h"
#include "tests/support/stream.h"

namespace fairlead::conformance {
namespace {

constexpr int kPatienceSeconds = 20;

using Variables = std::map<std::string, std::string>;

std::string Filled(std::string text, const Variables& variables) {
  for (const auto& [name, value] : variables) {
    const std::string mark = "${" + name + "}";
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
      text.replace(at, mark.size(), value);
      at += value.size();
    }
  }
  return text;
}

Json Filled(const Json& value, const Variables& variables) {
  if (value.is_string()) return Filled(value.get<std::string>(), variables);
  Json copy = value;
  if (copy.is_structured()) {
    for (auto& member : copy) member = Filled(Json(member), variables);
  }
  return copy;
}

// "metadata.uid", "items.0.metadata.name"; null: absent.
const Json* Lookup(const Json& root, const std::string& path) {
  const Json* at = &root;
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, '.');) {
    if (at->is_object() && at->contains(part)) {
      at = &(*at)[part];
    } else if (at->is_array() && part.find_first_not_of("0123456789") == std::string::npos &&
               std::stoul(part) < at->size()) {
      at = &(*at)[std::stoul(part)];
    } else {
      return nullptr;
    }
  }
  return at;
}

// Whether `wanted` is a part of `found`.
void CheckPart(const Json& wanted, const Json* found, const std::string& path,
               std::vector<std::string>* failures) {
  if (wanted.is_null()) {
    if (found != nullptr && !found->is_null()) {
      failures->push_back(path + ": expected to be absent, is " + found->dump());
    }
    return;
  }
  if (found == nullptr)
    return failures->push_back(path + ": expected " + wanted.dump() + ", is absent");
  if (wanted == "*") return;
  if (wanted.is_object() && found->is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      const auto member = found->find(key);
      CheckPart(value, member == found->end() ? nullptr : &*member, path + "." + key, failures);
    }
  } else if (wanted.is_array() && found->is_array() && wanted.size() == found->size()) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CheckPart(wanted[i], &(*found)[i], path + "[" + std::to_string(i) + "]", failures);
    }
  } else if (wanted != *found) {
    failures->push_back(path + ": expected " + wanted.dump() + ", is " + found->dump());
  }
}

void CheckAnswer(const Step& step, const Json& expect, const Answer& answer,
                 std::vector<std::string>* failures) {
  const Json body = answer.ToJson();
  std::vector<std::string> found;
  const auto equal = [&](const char* what, const Json& wanted, const Json& is) {
    if (wanted != is) {
      found.push_back(std::string(what) + ": expected " + wanted.dump() + ", is " + is.dump());
    }
  };
  const auto text = [&](const char* key) {
    return body.is_object() ? Json(body.value(key, "")) : Json("");
  };
  for (const auto& [key, wanted] : expect.items()) {
    if (key == "status") equal("status", wanted, answer.status);
    if (key == "reason") equal("reason", wanted, text("reason"));
    if (key == "message") equal("message", wanted, text("message"));
    if (key == "type") equal("content type", wanted, answer.content_type);
    if (key == "count") equal("count", wanted, body.is_object() ? body["items"].size() : 0);
    if (key == "body") CheckPart(wanted, &body, "body", &found);
    if (key == "text") equal("text", wanted, answer.body);
    if (key == "message_has" &&
        text("message").get<std::string>().find(wanted.get<std::string>()) == std::string::npos) {
      found.push_back("message: expected " + wanted.dump() + " in it, is " +
                      text("message").dump());
    }
  }
  for (const std::string& failure : found) {
    failures->push_back("line " + std::to_string(step.line) + ": " + step.method + " " + step.path +
                        ": " + failure + "\n    answer: " + answer.body.substr(0, 600));
  }
}

void CheckEvents(const Step& step, const std::vector<Json>& wanted, const Answer& answer,
                 std::vector<std::string>* failures) {
  const std::string where = "line " + std::to_string(step.line) + ": WATCH " + step.path + ": ";
  if (answer.events.size() < wanted.size()) {
    std::string all;
    for (const Json& event : answer.events) all += "\n    " + event.dump().substr(0, 300);
    failures->push_back(where + "expected " + std::to_string(wanted.size()) + " events, came " +
                        std::to_string(answer.events.size()) + all + "\n    " +
                        answer.body.substr(0, 300));
    return;
  }
  std::vector<std::string> found;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CheckPart(wanted[i], &answer.events[i], "event " + std::to_string(i), &found);
  }
  for (const std::string& failure : found) failures->push_back(where + failure);
}

std::string RequestText(const e2e::Access& access, const Step& step) {
  const bool watch = step.method == "WATCH";
  std::string path = step.path;
  if (watch) path += (path.find('?') == std::string::npos ? "?" : "&") + std::string("watch=1");
  std::string text = (watch ? "GET" : step.method) + " " + path +
                     " HTTP/1.1\r\nHost: " + access.host + "\r\nAccept: " + step.accept + "\r\n";
  if (!access.token.empty()) text += "Authorization: Bearer " + access.token + "\r\n";
  if (!step.body.empty()) text += "Content-Type: " + step.type + "\r\n";
  return text + "Connection: close\r\nContent-Length: " + std::to_string(step.body.size()) +
         "\r\n\r\n" + step.body;
}

void ReadEvents(e2e::HttpReader* reader, const Step& step, Answer* answer) {
  std::string rest;
  bool last = false;
  while (answer->events.size() < step.events.size() || step.then_end ||
         (!step.until.empty() && !last)) {
    const auto piece = reader->ReadPiece(&rest);
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos;) {
      answer->events.push_back(Json::parse(rest.substr(0, end), nullptr, false));
      rest.erase(0, end + 1);
      const Json* name = Lookup(answer->events.back(), "object.metadata.name");
      last = last || (name != nullptr && *name == step.until);
    }
    if (piece != e2e::HttpReader::Piece::kData) return;
  }
}

// What the real server does behind the scenes (serving a new CRD) has no event to wait for.
Answer SendOrRetry(const e2e::Access& access, const Step& step) {
  Answer answer = Send(access, step);
  for (int i = 0; step.retry && answer.status != step.expect.value("status", 0) && i < 5'000; ++i) {
    answer = Send(access, step);
  }
  return answer;
}

}  // namespace

Json Answer::ToJson() const {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json() : json;
}

Answer Send(const e2e::Access& access, const Step& request) {
  Answer answer;
  const e2e::TlsContext tls = access.tls ? e2e::TlsClientContext(access.ca_pem) : e2e::TlsContext();
  auto stream =
      e2e::Stream::Connect(access.host, access.port, tls.get(), kPatienceSeconds, &answer.body);
  if (stream == nullptr || !stream->WriteAll(RequestText(access, request))) return answer;
  e2e::HttpReader reader(stream.get());
  e2e::HttpHead head;
  if (!reader.ReadHead(&head)) return answer;
  answer.content_type = head.Field("content-type");
  const int status = head.Status();
  if (request.method == "WATCH" && status == 200) {
    ReadEvents(&reader, request, &answer);
  } else if (!reader.ReadBody(&answer.body)) {
    return answer;
  }
  answer.status = status;
  return answer;
}

Outcome RunCase(const Case& one, const Target& target, const std::string& ns) {
  Outcome outcome;
  Variables variables = {{"ns", ns}};
  Step make;
  make.method = "POST";
  make.path = "/api/v1/namespaces";
  make.body = Json{{"metadata", {{"name", ns}}}}.dump();
  Send(target.access, make);
  for (Step step : one.steps) {
    step.path = Filled(step.path, variables);
    step.body = Filled(step.body, variables);
    const Answer answer = SendOrRetry(target.access, step);
    const Json body = answer.ToJson();
    if (answer.status == 0)
      outcome.failures.push_back("no answer to " + step.path + ": " + answer.body);
    if (!step.expect.is_null()) {
      CheckAnswer(step, Filled(step.expect, variables), answer, &outcome.failures);
    }
    std::vector<Json> events;
    for (const Json& event : step.events) events.push_back(Filled(event, variables));
    if (step.method == "WATCH" && answer.status == 200) {
      CheckEvents(step, events, answer, &outcome.failures);
    }
    for (const auto& [name, path] : step.save) {
      const Json* value = Lookup(body, path);
      if (value == nullptr) {
        outcome.failures.push_back("line " + std::to_string(step.line) + ": no " + path +
                                   " to save in " + answer.body.substr(0, 300));
      } else {
        variables[name] = value->is_string() ? value->get<std::string>() : value->dump();
      }
    }
    if (step.differs.empty()) {
      Json whole = {{"status", answer.status}, {"type", answer.content_type}};
      if (!body.is_null()) whole["body"] = body;
      if (!answer.events.empty()) whole["events"] = answer.events;
      outcome.answers.push_back(Normalise(whole));
    } else {
      outcome.answers.emplace_back();
    }
  }
  Step end;
  end.method = "DELETE";
  end.path = "/api/v1/namespaces/" + ns;
  Send(target.access, end);
  return outcome;
}

}  // namespace fairlead::conformance
