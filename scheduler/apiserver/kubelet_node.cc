#include "scheduler/apiserver/kubelet_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kThousand = 1000;
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
      const auto slices = ParseCount(entry.substr(colon + 1));
      if (!slices || *slices == 0) return std::nullopt;
      share.slices = *slices;
      stated = Add(stated, *slices);
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
  for (const DeviceShare& share : *shares) {
    const auto device = static_cast<std::size_t>(share.device);
    if (device >= assigned_.size() || broken_[device]) {
      return Unexpected(fmt::format("device {} of {} {}", device, kGpuResource,
                                    device < broken_.size() ? "being broken" : "being unknown"),
                        false);
    }
    wanted[device] = Add(wanted[device], share.slices);
  }
  for (const auto& [device, slices] : wanted) {
    if (Add(assigned_[device], slices) <= slices_per_device_) continue;
    return Unexpected(
        fmt::format("device {} of {} being in use. Requested: {}, Available: {}", device,
                    kGpuResource, slices, slices_per_device_ - assigned_[device]),
        true);
  }
  for (const auto& [device, slices] : wanted) assigned_[device] += slices;
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
    assigned_[static_cast<std::size_t>(share.device)] -= share.slices;
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
