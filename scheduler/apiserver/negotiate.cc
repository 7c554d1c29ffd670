#include "scheduler/apiserver/negotiate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <vector>

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kYamlType = "application/yaml";
constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
constexpr std::string_view kAllTypes =
    "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::string_view kStreamTypes =
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

struct Clause {
  std::string type;  // "application/json", "*/*"
  double q = 1.0;
  std::map<std::string, std::string, std::less<>> params;
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what is before the separator off the text.
std::string_view Next(std::string_view* text, char separator) {
  const std::size_t at = text->find(separator);
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(at == std::string_view::npos ? text->size() : at + 1);
  return part;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

double ParseQ(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double q = std::strtod(copy.c_str(), &end);
  const bool read = end == copy.c_str() + copy.size() && !copy.empty();
  return read && q >= 0.0 ? q : 0.0;  // also what is no number, which nothing compares with
}

int Specificity(const Clause& clause) {
  return clause.type == "*/*" ? 0 : clause.type.ends_with("/*") ? 1 : 2;
}

std::vector<Clause> ParseAccept(std::string_view header) {
  std::vector<Clause> clauses;
  while (!header.empty()) {
    std::string_view part = Trim(Next(&header, ','));
    Clause clause;
    clause.type = std::string(Trim(Next(&part, ';')));
    if (clause.type == "*") clause.type = "*/*";
    if (std::count(clause.type.begin(), clause.type.end(), '/') != 1) continue;
    while (!part.empty()) {
      std::string_view value = Next(&part, ';');
      const std::string name(Trim(Next(&value, '=')));
      if (value.empty() || value.find('=') != std::string_view::npos) continue;
      if (name == "q") {
        clause.q = ParseQ(Trim(value));
      } else {
        clause.params[name] = std::string(Trim(value));
      }
    }
    clauses.push_back(std::move(clause));
  }
  std::stable_sort(clauses.begin(), clauses.end(), [](const Clause& a, const Clause& b) {
    if (a.q != b.q) return a.q > b.q;
    return Specificity(a) > Specificity(b);
  });
  return clauses;
}

bool TypeMatches(const Clause& clause, std::string_view type) {
  return clause.type == type || clause.type == "*/*" || clause.type == "application/*";
}

std::string_view Param(const Clause& clause, std::string_view name) {
  const auto found = clause.params.find(name);
  return found == clause.params.end() ? std::string_view() : std::string_view(found->second);
}

// What this clause gives with this media type; none: it cannot be had.
std::optional<Output> Offer(const Clause& clause, Media media, const OutputRules& rules) {
  if (const std::string_view stream = Param(clause, "stream");
      !stream.empty() && stream != "watch") {
    return std::nullopt;
  }
  Output output;
  output.media = media;
  const std::string_view as = Param(clause, "as");
  if (as.empty() && Param(clause, "g").empty() && Param(clause, "v").empty()) {
    if (media == Media::kProtobuf && !rules.protobuf) return std::nullopt;
    return output;
  }
  const std::string_view version = Param(clause, "v");
  if (!rules.transforms || Param(clause, "g") != "meta.k8s.io" ||
      (version != "v1" && version != "v1beta1")) {
    return std::nullopt;
  }
  output.meta_version = std::string(version);
  if (as == "Table" && media == Media::kJson) {
    output.shape = Shape::kTable;
  } else if (as == "PartialObjectMetadata") {
    output.shape = Shape::kMetadata;
  } else if (as == "PartialObjectMetadataList") {
    output.shape = Shape::kMetadataList;
  } else {
    return std::nullopt;
  }
  return output;
}

// The router before the handlers knows no wildcards but */*, and no parameters.
bool RouterAccepts(std::string_view accept) {
  while (!accept.empty()) {
    std::string_view part = Next(&accept, ',');
    const std::string_view type = Trim(Next(&part, ';'));
    if (type == "*/*" || type == kJsonType || type == kYamlType || type == kProtobufType) {
      return true;
    }
  }
  return false;
}

}  // namespace

Answer<Output> NegotiateOutput(std::string_view accept, const OutputRules& rules) {
  if (Trim(accept).empty()) return Output();
  if (rules.strict_types && !RouterAccepts(accept)) {
    ApiError error = NotAcceptable("406: Not Acceptable");
    error.always_details = true;
    return error;
  }
  for (const Clause& clause : ParseAccept(accept)) {
    for (const Media media : {Media::kJson, Media::kProtobuf}) {
      if (!TypeMatches(clause, media == Media::kJson ? kJsonType : kProtobufType)) continue;
      if (std::optional<Output> output = Offer(clause, media, rules)) return *output;
    }
  }
  // YAML is refused for being no stream; anything else before that.
  const bool no_stream = rules.stream && accept.find(kYamlType) != std::string_view::npos;
  return NotAcceptable(fmt::format("only the following media types are accepted: {}",
                                   no_stream ? kStreamTypes : kAllTypes));
}

Media ErrorMedia(std::string_view accept) {
  for (const Clause& clause : ParseAccept(accept)) {
    if (!Param(clause, "as").empty()) continue;
    if (TypeMatches(clause, kJsonType)) return Media::kJson;
    if (TypeMatches(clause, kProtobufType)) return Media::kProtobuf;
  }
  return Media::kJson;
}

Answer<Media> NegotiateInput(std::string_view content_type, bool protobuf) {
  if (content_type.empty()) return Media::kJson;
  const std::string type = Lower(Trim(Next(&content_type, ';')));
  if (type == kJsonType) return Media::kJson;
  if (type == kProtobufType && protobuf) return Media::kProtobuf;
  return UnsupportedMediaType(
      fmt::format("the body of the request was in an unknown format - accepted media types "
                  "include: {}",
                  kAllTypes));
}

std::string_view ContentType(Media media, bool stream) {
  if (media == Media::kJson) return kJsonType;
  return stream ? "application/vnd.kubernetes.protobuf;stream=watch" : kProtobufType;
}

std::optional<std::string> AggregatedDiscovery(std::string_view accept) {
  for (const Clause& clause : ParseAccept(accept)) {
    if (!TypeMatches(clause, kJsonType)) continue;
    if (Param(clause, "as").empty()) return std::nullopt;
    const std::string_view version = Param(clause, "v");
    if (Param(clause, "g") == "apidiscovery.k8s.io" &&
        Param(clause, "as") == "APIGroupDiscoveryList" &&
        (version == "v2" || version == "v2beta1")) {
      return std::string(version);
    }
  }
  return std::nullopt;
}

}  // namespace fairlead::apiserver
