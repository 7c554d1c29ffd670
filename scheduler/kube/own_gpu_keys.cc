// Own keys about GPUs: shares that are asked for, and devices that were given.
#include <fmt/format.h>

#include <algorithm>

#include "fairlead/base/quantity.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/kube/each_part.h"
#include "scheduler/kube/keys.h"
#include "scheduler/kube/own_keys.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

constexpr std::size_t kMostClassLength = 63;
constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

std::string Problem(std::string_view key, std::string_view value, std::string_view expected) {
  return fmt::format("annotation {}: \"{}\": expected {}", key, value, expected);
}

void ReadShare(std::string_view key, std::string_view text, ShareClaim* out) {
  if (ParseGpuShare(text, &out->share.millionths)) return;
  out->problem =
      Problem(key, text, "a number above 0 and up to 1 with at most 6 digits after the point");
}

void ReadMemory(const OwnKeys& own, ShareClaim* out) {
  std::int64_t& bytes = out->share.memory_bytes;
  if (own.gpu_memory) {
    const Result<std::int64_t> parsed = ParseQuantity(*own.gpu_memory, 1, Rounding::kUp);
    if (parsed.ok() && *parsed > 0) {
      bytes = *parsed;
    } else {
      out->problem = Problem(keys::kGpuMemory, *own.gpu_memory, "an amount above 0, such as 20Gi");
    }
  } else if (own.other_gpu_memory) {
    std::int64_t mebibytes = 0;
    if (ParseWhole(*own.other_gpu_memory, 1, std::int64_t{1} << 40, &mebibytes)) {
      bytes = mebibytes * kMebibyte;
    } else {
      out->problem =
          Problem(keys::kOtherGpuMemory, *own.other_gpu_memory, "a whole number of MiB above 0");
    }
  }
}

// What only makes sense beside a share.
void ReadDetails(const OwnKeys& own, ShareClaim* out) {
  std::int64_t devices = 1;
  if (own.gpu_share_devices && !ParseWhole(*own.gpu_share_devices, 1, kMaxGpusPerNode, &devices)) {
    out->problem = Problem(keys::kGpuShareDevices, *own.gpu_share_devices,
                           fmt::format("a whole number from 1 to {}", kMaxGpusPerNode));
  }
  out->share.devices = static_cast<std::int32_t>(devices);
  if (!own.gpu_share_class) return;
  out->share.share_class = *own.gpu_share_class;
  if (out->problem.empty() &&
      (own.gpu_share_class->empty() || own.gpu_share_class->size() > kMostClassLength)) {
    out->problem = Problem(keys::kGpuShareClass, *own.gpu_share_class,
                           fmt::format("a name of 1 to {} characters", kMostClassLength));
  }
}

// The key by which a share is asked for; empty if there is none.
std::string_view AskingKey(const OwnKeys& own) {
  if (own.gpu_share) return keys::kGpuShare;
  if (own.other_gpu_fraction) return keys::kOtherGpuFraction;
  if (own.gpu_memory) return keys::kGpuMemory;
  if (own.other_gpu_memory) return keys::kOtherGpuMemory;
  return {};
}

// "2", or "2:1/4": device, slices, of how many.
bool ReadDevice(std::string_view text, GpuAssignment* out) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  std::int64_t device = 0;
  if (!ParseWhole(text.substr(0, colon), 0, kMaxGpusPerNode - 1, &device)) return false;
  GpuGrant grant;
  if (colon < text.size()) {
    const std::string_view part = text.substr(colon + 1);
    const std::size_t slash = std::min(part.find('/'), part.size());
    std::int64_t of = 0;
    std::int64_t slices = 0;
    if (slash == part.size() || !ParseWhole(part.substr(slash + 1), 1, kMaxGpuSlices, &of) ||
        !ParseWhole(part.substr(0, slash), 1, of, &slices)) {
      return false;
    }
    grant = {static_cast<std::int32_t>(slices), static_cast<std::int32_t>(of)};
  }
  if (!out->devices.empty() && !(out->grant == grant)) return false;
  out->grant = grant;
  out->devices.push_back(static_cast<std::int32_t>(device));
  return true;
}

}  // namespace

ShareClaim ReadGpuShare(const OwnKeys& own, std::int32_t whole_gpus) {
  ShareClaim out;
  const std::string_view key = AskingKey(own);
  if (key.empty()) {
    if (own.gpu_share_devices || own.gpu_share_class) {
      out.problem = fmt::format(
          "annotation {}: no share is asked for; expected annotation {} or {} beside it",
          own.gpu_share_devices ? keys::kGpuShareDevices : keys::kGpuShareClass, keys::kGpuShare,
          keys::kGpuMemory);
    }
    return out;
  }
  if (own.gpu_share) {
    ReadShare(keys::kGpuShare, *own.gpu_share, &out);
  } else if (own.other_gpu_fraction) {
    ReadShare(keys::kOtherGpuFraction, *own.other_gpu_fraction, &out);
  }
  if (out.problem.empty()) ReadMemory(own, &out);
  if (out.problem.empty()) ReadDetails(own, &out);
  if (out.problem.empty() && whole_gpus > 0) {
    out.problem =
        fmt::format("annotation {}: the pod also asks for {} whole GPU{}; expected one of the two",
                    key, whole_gpus, whole_gpus == 1 ? "" : "s");
  }
  if (out.problem.empty() && out.share.millionths == kWholeGpu) {
    if (out.share.memory_bytes > 0) {
      out.problem = fmt::format(
          "annotation {}: a share of 1 is a whole GPU with all its memory; expected a share below "
          "1, or no memory",
          key);
    }
    out.whole = out.share.devices;
    out.share = {};
  }
  if (!out.problem.empty()) out.share = {};
  return out;
}

GpuAssignment ReadGpuAssignment(const OwnKeys& own) {
  GpuAssignment out;
  if (!own.gpu_assignment) return out;
  const bool sound = EachPart(*own.gpu_assignment,
                              [&out](std::string_view part) { return ReadDevice(part, &out); });
  std::sort(out.devices.begin(), out.devices.end());
  const auto twice = std::adjacent_find(out.devices.begin(), out.devices.end());
  if (!sound || twice != out.devices.end()) return {};
  return out;
}

}  // namespace fairlead::kube
