// What a request is about, read from its method, path and query alone: the same reading that
// authorization and the verbs use. Knows nothing of which resources are served.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::apiserver {

// The parameters of a query, decoded, in their order. Parts that are no valid percent-encoding are
// left out, as the real server does.
class Query {
 public:
  explicit Query(std::string_view text);

  // The first value; empty if there is none.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;
  // Anything but "0" and "false" is true, even an empty value.
  bool Bool(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

struct Route {
  bool resource = false;  // else: discovery, health and the like
  std::string path;       // decoded
  std::string group, version, plural, ns, name, subresource;
  std::vector<std::string> rest;  // after the subresource
  bool watch_prefix = false;      // /api/v1/watch/...
  // get, list, watch, create, update, patch, delete, deletecollection; empty for a method that no
  // resource has; for what is no resource: the method in lower case. Of a namespace itself, `ns` is
  // its name too.
  std::string verb;
  // The one object that a list or watch is about by its field selector; authorization names it.
  std::string selected_name;
  bool namespace_path = false;  // has /namespaces/NS before the resource
};

// False: the percent-encoding is broken, or what follows /watch/ is missing.
bool ParseRoute(std::string_view method, std::string_view path, const Query& query, Route* route);

// "%2F" and the like; `plus` also turns "+" into a space. False: broken.
bool PercentDecode(std::string_view text, bool plus, std::string* decoded);

}  // namespace fairlead::apiserver
