#include "fairlead/queues/amounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

constexpr std::string_view kGpuPrefix = "gpu/";
constexpr std::int64_t kMilli = 1000;

enum class Unit : std::uint8_t { kMilliCpu, kMilliGpu, kBytes, kCount };

Unit UnitOf(std::string_view name) {
  if (name == "cpu") return Unit::kMilliCpu;
  if (name.starts_with(kGpuPrefix)) return Unit::kMilliGpu;
  if (name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-")) {
    return Unit::kBytes;
  }
  return Unit::kCount;
}

std::int64_t ScaleOf(Unit unit) {
  return unit == Unit::kMilliCpu || unit == Unit::kMilliGpu ? kMilli : 1;
}

std::string_view SmallestOf(Unit unit) {
  static constexpr std::array<std::string_view, 4> kSmallest = {"1m (milli-CPU)", "1m (milli-GPU)",
                                                                "1 (byte)", "1"};
  return kSmallest.at(static_cast<std::size_t>(unit));
}

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// As Kubernetes has it for values of labels and the part of a name after its domain.
bool IsLabelText(std::string_view text) {
  constexpr std::size_t kLongest = 63;
  return !text.empty() && text.size() <= kLongest && IsAlphanumeric(text.front()) &&
         IsAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsDomain(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  return text.size() <= kLongest && !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

bool IsNative(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNative = {"cpu", "memory", "ephemeral-storage",
                                                       "pods"};
  return std::find(kNative.begin(), kNative.end(), name) != kNative.end() ||
         (name.starts_with("hugepages-") && IsLabelText(name));
}

std::string Shown(std::string_view text) {
  constexpr std::size_t kShown = 64;
  return fmt::format("'{}{}'", text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

bool NameIsLess(const std::pair<std::string, std::int64_t>& a,
                const std::pair<std::string, std::int64_t>& b) {
  return a.first < b.first;
}

}  // namespace

Result<std::int64_t> ParseAmount(std::string_view name, std::string_view text, Rounding rounding) {
  return ParseQuantity(text, ScaleOf(UnitOf(name)), rounding);
}

Result<std::int64_t> ParseExactAmount(std::string_view name, std::string_view text) {
  Result<std::int64_t> down = ParseAmount(name, text, Rounding::kDown);
  if (!down.ok()) return down;
  const Result<std::int64_t> up = ParseAmount(name, text, Rounding::kUp);
  if (up.ok() && *up == *down) return down;
  Error error;
  error.message = fmt::format("{} of {} is not exact: expected a multiple of {}", Shown(text), name,
                              SmallestOf(UnitOf(name)));
  return error;
}

std::string FormatAmount(std::string_view name, std::int64_t amount) {
  switch (UnitOf(name)) {
    case Unit::kMilliCpu:
    case Unit::kMilliGpu:
      return FormatMilli(amount);
    case Unit::kBytes:
      return FormatBytes(amount);
    case Unit::kCount:
      break;
  }
  return fmt::format("{}", amount);
}

std::string FormatAmounts(const NamedAmounts& amounts) {
  std::string text;
  for (const auto& [name, amount] : amounts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, FormatAmount(name, amount));
  }
  return text.empty() ? "nothing" : text;
}

std::optional<std::string> ResourceNameProblem(std::string_view name) {
  if (IsNative(name)) return std::nullopt;
  if (name.starts_with(kGpuPrefix)) {
    const std::string_view model = name.substr(kGpuPrefix.size());
    if (model.empty() || IsLabelText(model)) return std::nullopt;
    return fmt::format("{} names no GPU model: expected gpu/ and one model, such as gpu/H100",
                       Shown(name));
  }
  if (name == "gpu" || name.ends_with("/gpu")) {
    return fmt::format(
        "{}: GPUs are counted by model: expected gpu/<model>, such as gpu/H100, or gpu/ for GPUs "
        "of nodes without a model",
        Shown(name));
  }
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos && IsDomain(name.substr(0, slash)) &&
      IsLabelText(name.substr(slash + 1))) {
    return std::nullopt;
  }
  return fmt::format(
      "{} is no resource: expected cpu, memory, ephemeral-storage, pods, gpu/<model> or an "
      "extended resource such as example.com/fpga",
      Shown(name));
}

Result<NamedAmounts> ParseNamedAmounts(
    const std::vector<std::pair<std::string, std::string>>& texts) {
  NamedAmounts amounts;
  amounts.reserve(texts.size());
  for (const auto& [name, text] : texts) {
    Error error;
    error.field = name;
    if (const std::optional<std::string> problem = ResourceNameProblem(name)) {
      error.message = *problem;
      return error;
    }
    const Result<std::int64_t> amount = ParseExactAmount(name, text);
    if (!amount.ok()) {
      error.message = amount.error().message;
      return error;
    }
    amounts.emplace_back(name, *amount);
  }
  std::sort(amounts.begin(), amounts.end(), NameIsLess);
  const auto twice =
      std::adjacent_find(amounts.begin(), amounts.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice == amounts.end()) return amounts;
  Error error;
  error.field = twice->first;
  error.message = fmt::format("{} twice: expected it once", Shown(twice->first));
  return error;
}

std::optional<std::string> AddAmounts(const NamedAmounts& more, NamedAmounts* sum) {
  std::size_t at = 0;
  for (const auto& [name, amount] : more) {
    while (at < sum->size() && (*sum)[at].first < name) ++at;
    if (at == sum->size() || (*sum)[at].first != name) {
      sum->emplace(sum->begin() + static_cast<std::ptrdiff_t>(at), name, amount);
      continue;
    }
    std::int64_t total = 0;
    if (__builtin_add_overflow((*sum)[at].second, amount, &total)) return name;
    (*sum)[at].second = total;
  }
  return std::nullopt;
}

ResourceVector ToVector(const NamedAmounts& amounts, const std::vector<std::string>& names) {
  ResourceVector vector;
  if (amounts.empty()) return vector;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ResourceId resource{static_cast<std::uint32_t>(i)};
    vector.Set(resource, FindAmount(amounts, names[i]).value_or(0));
  }
  return vector;
}

ResourceLimits ToLimits(const NamedAmounts& amounts, const std::vector<std::string>& names) {
  ResourceLimits limits;
  if (amounts.empty()) return limits;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ResourceId resource{static_cast<std::uint32_t>(i)};
    if (const auto amount = FindAmount(amounts, names[i])) limits.Set(resource, *amount);
  }
  return limits;
}

NamedAmounts ToNamed(const ResourceVector& amounts, const std::vector<std::string>& names) {
  NamedAmounts named;
  for (std::size_t i = 0; i < std::min(names.size(), amounts.size()); ++i) {
    const std::int64_t amount = amounts.Get(ResourceId(static_cast<std::uint32_t>(i)));
    if (amount != 0) named.emplace_back(names[i], amount);
  }
  std::sort(named.begin(), named.end(), NameIsLess);
  return named;
}

}  // namespace fairlead
