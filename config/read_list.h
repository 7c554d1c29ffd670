// A list of maps of one kind, such as queues: each map is read by the fields of its kind.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fields.h"
#include "config/policy_checks.h"

namespace fairlead::config {

struct ListRule {
  std::string_view path;                             // of the list in the file
  std::string_view expected;                         // said where it is no list, or empty
  std::span<const std::string_view> more_keys = {};  // of each map, which the caller reads
};

// `out` is replaced as a whole, and only where there is no error.
template <typename T>
Status ReadList(const yaml::Node& node, const std::string& file, const ListRule& rule,
                std::span<const Field<T>> fields, std::vector<T>* out) {
  if (node.kind != yaml::Kind::kSequence || node.items.empty()) {
    return ErrorAt(file, node, std::string(rule.path), std::string(rule.expected));
  }
  std::vector<T> list;
  list.reserve(node.items.size());
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    yaml::MapReader reader(node.items[i], file, fmt::format("{}[{}]", rule.path, i));
    ReadFields(&reader, fields, &list.emplace_back());
    for (const std::string_view key : rule.more_keys) reader.Child(key);
    if (Status status = reader.Finish(); !status.ok()) return status;
  }
  *out = std::move(list);
  return Ok{};
}

}  // namespace fairlead::config
