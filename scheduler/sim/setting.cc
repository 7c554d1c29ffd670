// --set a.b.c=VALUE.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fairlead/sim/scenario.h"

namespace fairlead::sim {
namespace {

using yaml::Kind;
using yaml::Node;

Error Bad(std::string_view setting, std::string message) {
  Error error;
  error.message = std::move(message);
  error.field = fmt::format("--set {}", setting);
  return error;
}

// What stands on the command line has no place in a file.
void ForgetPositions(Node* node) {
  node->line = node->column = node->key_line = node->key_column = 0;
  for (Node& item : node->items) ForgetPositions(&item);
  for (auto& member : node->members) ForgetPositions(&member.second);
}

// The member or item `part` of the node, made where a map lacks it; null where a list does.
Node* Step(Node* node, std::string_view part) {
  if (node->kind == Kind::kSequence) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool number = error == std::errc() && end == part.data() + part.size();
    return number && index < node->items.size() ? &node->items[index] : nullptr;
  }
  if (node->kind == Kind::kScalar) return nullptr;
  node->kind = Kind::kMap;
  const auto it = std::find_if(node->members.begin(), node->members.end(),
                               [part](const auto& member) { return member.first == part; });
  if (it != node->members.end()) return &it->second;
  return &node->members.emplace_back(std::string(part), Node()).second;
}

}  // namespace

Status ApplySetting(std::string_view setting, Node* document) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Bad(setting, "expected KEY=VALUE, such as cluster.nodes=96");
  }
  std::string_view path = setting.substr(0, equals);
  Result<Node> value = yaml::Parse(setting.substr(equals + 1), fmt::format("--set {}", path));
  if (!value) return value.error();
  ForgetPositions(&*value);
  Node* node = document;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, dot);
    if (part.empty()) return Bad(setting, "a name between dots is empty");
    node = Step(node, part);
    if (node == nullptr) {
      return Bad(setting, fmt::format("there is nothing at '{}' that could be set", part));
    }
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  *node = std::move(*value);
  return Ok{};
}

}  // namespace fairlead::sim
