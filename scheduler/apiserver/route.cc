#include "scheduler/apiserver/route.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace fairlead::apiserver {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::vector<std::string> SplitPath(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string> parts;
  if (path.empty()) return parts;
  for (std::size_t from = 0;;) {
    const std::size_t slash = path.find('/', from);
    parts.emplace_back(path.substr(from, slash - from));
    if (slash == std::string_view::npos) return parts;
    from = slash + 1;
  }
}

std::string VerbOf(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return {};
}

// The value of metadata.name where the selector asks for exactly one name.
std::string NameInSelector(std::string_view selector) {
  constexpr std::string_view kName = "metadata.name";
  while (!selector.empty()) {
    const std::size_t comma = selector.find(',');
    std::string_view term = selector.substr(0, comma);
    selector.remove_prefix(comma == std::string_view::npos ? selector.size() : comma + 1);
    if (!term.starts_with(kName)) continue;
    term.remove_prefix(kName.size());
    if (!term.starts_with('=')) continue;
    term.remove_prefix(term.starts_with("==") ? 2 : 1);
    return std::string(term);
  }
  return {};
}

// Names, namespace and resource from what follows the version.
void ReadObjectPath(std::span<const std::string> parts, Route* route) {
  if (parts[0] == "namespaces" && parts.size() > 1) {
    route->ns = parts[1];
    if (parts.size() > 2 && parts[2] != "status" && parts[2] != "finalize") {
      route->namespace_path = true;
      parts = parts.subspan(2);
    }
  }
  route->plural = parts[0];
  if (parts.size() > 1) route->name = parts[1];
  if (parts.size() > 2) route->subresource = parts[2];
  if (parts.size() > 3) route->rest.assign(parts.begin() + 3, parts.end());
}

void ReadVerb(std::string_view method, const Query& query, Route* route) {
  route->verb = route->watch_prefix ? "watch" : VerbOf(method);
  if (!route->name.empty()) return;
  if (route->verb == "get") {
    route->verb = query.Bool("watch") ? "watch" : "list";
    route->selected_name = NameInSelector(query.Get("fieldSelector"));
  } else if (route->verb == "delete") {
    route->verb = "deletecollection";
  }
}

}  // namespace

bool PercentDecode(std::string_view text, bool plus, std::string* decoded) {
  decoded->clear();
  decoded->reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = high < 0 ? -1 : HexDigit(text[i + 2]);
      if (low < 0) return false;
      decoded->push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      decoded->push_back(plus && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return true;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string name, value;
    if (!PercentDecode(pair.substr(0, equals), true, &name)) continue;
    if (equals != std::string_view::npos && !PercentDecode(pair.substr(equals + 1), true, &value)) {
      continue;
    }
    values_.emplace_back(std::move(name), std::move(value));
  }
}

std::string_view Query::Get(std::string_view name) const {
  const auto found =
      std::find_if(values_.begin(), values_.end(), [&](const auto& v) { return v.first == name; });
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

bool Query::Has(std::string_view name) const {
  return std::any_of(values_.begin(), values_.end(),
                     [&](const auto& v) { return v.first == name; });
}

std::vector<std::string> Query::All(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [key, value] : values_) {
    if (key == name) all.push_back(value);
  }
  return all;
}

bool Query::Bool(std::string_view name) const {
  if (!Has(name)) return false;
  const std::string value = Lower(Get(name));
  return value != "0" && value != "false";
}

bool ParseRoute(std::string_view method, std::string_view path, const Query& query, Route* route) {
  *route = Route();
  if (!PercentDecode(path, false, &route->path)) return false;
  const std::vector<std::string> all = SplitPath(route->path);
  route->verb = Lower(method);
  const bool core = !all.empty() && all[0] == "api";
  const bool named = !all.empty() && all[0] == "apis";
  if ((!core || all.size() < 3) && (!named || all.size() < 4)) return true;
  route->resource = true;
  std::span<const std::string> parts(all);
  parts = parts.subspan(1);
  if (named) {
    route->group = parts[0];
    parts = parts.subspan(1);
  }
  route->version = parts[0];
  parts = parts.subspan(1);
  if (parts[0] == "watch") {
    if (parts.size() < 2) return false;
    route->watch_prefix = true;
    parts = parts.subspan(1);
  }
  ReadObjectPath(parts, route);
  ReadVerb(method, query, route);
  return true;
}

}  // namespace fairlead::apiserver
