#include "scheduler/cli/fairshare_amounts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fairlead/queues/amounts.h"

namespace fairlead::cli {
namespace {

constexpr std::string_view kGpu = "gpu/";
constexpr std::size_t kNamesShown = 12;
constexpr std::array<std::string_view, kFixedResources> kFixed = {"cpu", "memory", "pods",
                                                                  "ephemeral-storage"};

// "gpu/A100|H100" names gpu/A100 and gpu/H100; any other name is one resource.
std::vector<std::string> Alternatives(const std::string& key) {
  if (!key.starts_with(kGpu) || key.find('|') == std::string::npos) return {key};
  std::vector<std::string> names;
  for (std::size_t at = kGpu.size(); at <= key.size();) {
    const std::size_t end = std::min(key.find('|', at), key.size());
    names.push_back(std::string(kGpu) + key.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

std::string Quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  return fmt::format("'{}{}'", text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

}  // namespace

std::string AmountName(const std::vector<ResourceId>& resources,
                       const std::vector<std::string>& names) {
  std::string name = names[resources.front().index()];
  for (std::size_t i = 1; i < resources.size(); ++i) {
    name += "|" + names[resources[i].index()].substr(kGpu.size());
  }
  return name;
}

Error FairshareAmounts::AtKey(const yaml::Node& value, const std::string& path,
                              std::string message) const {
  return Error{std::move(message), file_, value.key_line, value.key_column, path};
}

Status FairshareAmounts::CheckMap(const yaml::Node& node, const std::string& path) const {
  if (node.kind == yaml::Kind::kMap) return Ok{};
  return Error{"expected a quantity of each resource, such as {cpu: 64, memory: 256Gi}", file_,
               node.line, node.column, path};
}

Result<std::int64_t> FairshareAmounts::Quantity(const std::string& name, const yaml::Node& value,
                                                const std::string& path) const {
  Error error{"expected a quantity, such as 64 or 256Gi", file_, value.line, value.column, path};
  if (value.kind != yaml::Kind::kScalar) return error;
  Result<std::int64_t> amount = ParseExactAmount(name, value.scalar);
  if (amount.ok()) return amount;
  error.message = amount.error().message;
  return error;
}

Result<NamedAmounts> FairshareAmounts::ReadCapacity(const yaml::Node& node,
                                                    const std::string& path) {
  if (Status status = CheckMap(node, path); !status.ok()) return status.error();
  if (node.members.empty()) {
    return Error{"expected at least one resource", file_, node.line, node.column, path};
  }
  NamedAmounts capacity;
  for (const auto& [name, value] : node.members) {
    const std::string field = fmt::format("{}.{}", path, name);
    if (const auto problem = ResourceNameProblem(name)) return AtKey(value, field, *problem);
    const Result<std::int64_t> amount = Quantity(name, value, field);
    if (!amount.ok()) return amount.error();
    capacity.emplace_back(name, *amount);
    known_.push_back(name);
  }
  std::sort(capacity.begin(), capacity.end());
  std::sort(known_.begin(), known_.end());
  names_.assign(kFixed.begin(), kFixed.end());
  for (const std::string& name : known_) {
    if (std::find(kFixed.begin(), kFixed.end(), name) == kFixed.end()) names_.push_back(name);
  }
  return capacity;
}

std::optional<ResourceId> FairshareAmounts::Find(std::string_view name) const {
  if (!std::binary_search(known_.begin(), known_.end(), name)) return std::nullopt;
  const auto at = std::find(names_.begin(), names_.end(), name);
  return ResourceId(static_cast<std::uint32_t>(at - names_.begin()));
}

Status FairshareAmounts::CheckKnown(const yaml::Node& node, const std::string& path,
                                    const NamedAmounts& amounts) const {
  for (const auto& [name, amount] : amounts) {
    if (Find(name)) continue;
    const std::size_t shown = std::min(known_.size(), kNamesShown);
    const std::vector<std::string> some(known_.begin(),
                                        known_.begin() + static_cast<std::ptrdiff_t>(shown));
    return AtKey(
        *node.Find(name), fmt::format("{}.{}", path, name),
        fmt::format("there is no {} under 'capacity', which has {}{}: expected one of "
                    "these, or an entry there (0 where the cluster has none)",
                    Quoted(name), fmt::join(some, ", "), shown < known_.size() ? ", ..." : ""));
  }
  return Ok{};
}

Result<KeyedAmount> FairshareAmounts::ReadOne(const std::string& key, const yaml::Node& value,
                                              const std::string& path) const {
  const std::string field = fmt::format("{}.{}", path, key);
  KeyedAmount out;
  for (const std::string& name : Alternatives(key)) {
    if (const auto problem = ResourceNameProblem(name)) return AtKey(value, field, *problem);
    const std::optional<ResourceId> resource = Find(name);
    if (!resource) {
      yaml::Node at;
      at.kind = yaml::Kind::kMap;
      at.members.emplace_back(name, value);
      Error error = CheckKnown(at, path, {{name, 0}}).error();
      error.field = field;
      return error;
    }
    out.resources.push_back(*resource);
  }
  std::sort(out.resources.begin(), out.resources.end());
  if (std::adjacent_find(out.resources.begin(), out.resources.end()) != out.resources.end()) {
    return AtKey(value, field, "a GPU model twice: expected each once");
  }
  out.name = AmountName(out.resources, names_);
  const Result<std::int64_t> amount = Quantity(out.name, value, field);
  if (!amount.ok()) return amount.error();
  out.amount = *amount;
  return out;
}

Result<KeyedAmounts> FairshareAmounts::Read(const yaml::Node& node, const std::string& path) const {
  if (Status status = CheckMap(node, path); !status.ok()) return status.error();
  std::vector<std::pair<KeyedAmount, const yaml::Node*>> read;
  for (const auto& [key, value] : node.members) {
    Result<KeyedAmount> amount = ReadOne(key, value, path);
    if (!amount.ok()) return amount.error();
    const auto same = std::find_if(read.begin(), read.end(), [&](const auto& other) {
      return other.first.name == amount->name;
    });
    if (same != read.end()) {
      return AtKey(value, fmt::format("{}.{}", path, key),
                   fmt::format("the same GPU models twice: expected them once, first at {}:{}",
                               same->second->key_line, same->second->key_column));
    }
    read.emplace_back(std::move(*amount), &value);
  }
  KeyedAmounts amounts;
  for (auto& [amount, value] : read) amounts.push_back(std::move(amount));
  std::sort(amounts.begin(), amounts.end(),
            [](const KeyedAmount& a, const KeyedAmount& b) { return a.name < b.name; });
  return amounts;
}

}  // namespace fairlead::cli
