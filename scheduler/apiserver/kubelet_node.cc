#include "scheduler/apiserver/kubelet_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <limits>

namespace fairlead::apiserver {
namespace {

using Ratio = boost::multiprecision::cpp_rational;

constexpr std::int64_t kThousand = 1000;
constexpr std::int64_t kMostParts = 1000;
constexpr std::array<std::string_view, 4> kFirstChecked = {"pods", "cpu", "memory",
                                                           "ephemeral-storage"};

std::int64_t Add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::int64_t Of(const Amounts& amounts, std::string_view name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? 0 : found->second;
}

// As messages show it: cpu in thousandths, everything else in whole units.
std::int64_t Shown(std::string_view name, std::int64_t amount) {
  return name == "cpu" ? amount : amount / kThousand;
}

Verdict Unexpected(std::string why, bool double_booking) {
  return {.admitted = false,
          .double_booking = double_booking,
          .reason = "UnexpectedAdmissionError",
          .message = fmt::format("Allocate failed due to {}, which is unexpected", why)};
}

std::optional<std::int64_t> ParseCount(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::vector<DeviceShare>> ParseGpuAssignment(std::string_view text,
                                                           std::int64_t requested) {
  std::vector<DeviceShare> shares;
  std::int64_t stated = 0;
  std::int64_t plain = 0;  // entries without slices
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, comma);
    const std::size_t colon = std::min(entry.find(':'), entry.size());
    const auto device = ParseCount(entry.substr(0, colon));
    if (!device || *device > std::numeric_limits<int>::max()) return std::nullopt;
    DeviceShare share{.device = static_cast<int>(*device)};
    if (colon == entry.size()) {
      ++plain;
    } else {
      const std::string_view part = entry.substr(colon + 1);
      const std::size_t slash = std::min(part.find('/'), part.size());
      const auto slices = ParseCount(part.substr(0, slash));
      if (!slices || *slices == 0) return std::nullopt;
      share.slices = *slices;
      if (slash == part.size()) {
        stated = Add(stated, *slices);
      } else {
        const auto of = ParseCount(part.substr(slash + 1));
        if (!of || *of < *slices || *of > kMostParts) return std::nullopt;
        share.of = *of;
      }
    }
    shares.push_back(share);
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  const std::int64_t rest = requested - stated;
  if (plain == 0 ? rest != 0 : (rest <= 0 || rest % plain != 0)) return std::nullopt;
  for (DeviceShare& share : shares) {
    if (share.slices == 0) share.slices = rest / plain;
  }
  return shares;
}

KubeletNode::KubeletNode(Amounts allocatable, int gpus, int gpu_slices)
    : capacity_(allocatable),
      allocatable_(std::move(allocatable)),
      slices_per_device_(gpu_slices),
      assigned_(static_cast<std::size_t>(gpus), 0),
      parts_(static_cast<std::size_t>(gpus)),
      broken_(static_cast<std::size_t>(gpus), false) {}

std::optional<Verdict> KubeletNode::CheckResource(std::string_view name,
                                                  std::int64_t wanted) const {
  const std::int64_t used = Of(held_, name);
  const std::int64_t room = Of(allocatable_, name);
  const std::int64_t total = Add(used, wanted);
  if (wanted == 0 || total <= room) return std::nullopt;
  Verdict verdict;
  // Room that a device took along when it broke was not given away by anybody.
  verdict.double_booking = total > Of(capacity_, name);
  verdict.reason = fmt::format("OutOf{}", name);
  verdict.message =
      fmt::format("Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}",
                  name, Shown(name, wanted), Shown(name, used), Shown(name, room));
  return verdict;
}

std::optional<Verdict> KubeletNode::CheckRoom(const Amounts& requests) const {
  for (const std::string_view name : kFirstChecked) {
    if (auto verdict = CheckResource(name, Of(requests, name))) return verdict;
  }
  for (const auto& [name, wanted] : requests) {
    if (auto verdict = CheckResource(name, wanted)) return verdict;
  }
  return std::nullopt;
}

// Do so many slices and these parts fit on the device beside what is assigned there?
bool KubeletNode::FitsOn(std::size_t device, std::int64_t slices,
                         const std::vector<DeviceShare>& more) const {
  const std::int64_t whole = Add(assigned_[device], slices);
  if (whole > slices_per_device_) return false;
  if (more.empty() && parts_[device].empty()) return true;
  Ratio sum(whole, std::max<std::int64_t>(1, slices_per_device_));
  for (const DeviceShare& part : parts_[device]) sum += Ratio(part.slices, part.of);
  for (const DeviceShare& part : more) sum += Ratio(part.slices, part.of);
  return sum <= 1;
}

std::optional<Verdict> KubeletNode::TakeDevices(const PodClaim& claim,
                                                std::vector<DeviceShare>* devices) {
  const std::int64_t requested = Of(claim.requests, kGpuResource) / kThousand;
  if (claim.gpu_assignment.empty()) return std::nullopt;
  auto shares = ParseGpuAssignment(claim.gpu_assignment, requested);
  if (!shares) {
    return Unexpected(fmt::format("the assignment '{}' for {} requested {}", claim.gpu_assignment,
                                  requested, kGpuResource),
                      false);
  }
  std::map<std::size_t, std::int64_t> wanted;
  std::map<std::size_t, std::vector<DeviceShare>> parts;
  for (const DeviceShare& share : *shares) {
    const auto device = static_cast<std::size_t>(share.device);
    if (device >= assigned_.size() || broken_[device]) {
      return Unexpected(fmt::format("device {} of {} {}", device, kGpuResource,
                                    device < broken_.size() ? "being broken" : "being unknown"),
                        false);
    }
    wanted[device] = Add(wanted[device], share.of == 0 ? share.slices : 0);
    if (share.of != 0) parts[device].push_back(share);
  }
  for (const auto& [device, slices] : wanted) {
    if (FitsOn(device, slices, parts[device])) continue;
    return Unexpected(
        fmt::format("device {} of {} being in use. Requested: {}, Available: {}", device,
                    kGpuResource, slices, slices_per_device_ - assigned_[device]),
        true);
  }
  for (const auto& [device, slices] : wanted) assigned_[device] += slices;
  for (const auto& [device, more] : parts) {
    parts_[device].insert(parts_[device].end(), more.begin(), more.end());
  }
  *devices = std::move(*shares);
  return std::nullopt;
}

Verdict KubeletNode::Admit(const PodClaim& claim) {
  if (pods_.contains(claim.uid)) return {.admitted = true};
  if (auto refused = CheckRoom(claim.requests)) return *refused;
  if (!claim.node_matches) {
    return {.reason = "NodeAffinity", .message = "Predicate NodeAffinity failed"};
  }
  Holding holding{.requests = claim.requests, .devices = {}};
  if (auto refused = TakeDevices(claim, &holding.devices)) return *refused;
  std::erase_if(holding.requests, [](const auto& entry) { return entry.second == 0; });
  for (const auto& [name, amount] : holding.requests) held_[name] = Add(held_[name], amount);
  pods_.emplace(claim.uid, std::move(holding));
  return {.admitted = true};
}

void KubeletNode::Release(const std::string& uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  for (const auto& [name, amount] : found->second.requests) {
    const auto held = held_.find(name);
    held->second -= amount;
    if (held->second == 0) held_.erase(held);
  }
  for (const DeviceShare& share : found->second.devices) {
    const auto device = static_cast<std::size_t>(share.device);
    if (share.of == 0) {
      assigned_[device] -= share.slices;
    } else {
      std::vector<DeviceShare>& parts = parts_[device];
      parts.erase(std::find_if(parts.begin(), parts.end(), [&share](const DeviceShare& part) {
        return part.slices == share.slices && part.of == share.of;
      }));
    }
  }
  pods_.erase(found);
}

bool KubeletNode::Break(int device) {
  const auto at = static_cast<std::size_t>(device);
  if (device < 0 || at >= broken_.size() || broken_[at]) return false;
  broken_[at] = true;
  allocatable_[std::string(kGpuResource)] -= slices_per_device_ * kThousand;
  return true;
}

}  // namespace fairlead::apiserver
