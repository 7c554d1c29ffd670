#include "fairlead/placement/outlook.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <numeric>

#include "fairlead/model/gpu_share.h"
#include "fairlead/placement/asked.h"

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

constexpr std::int32_t kMerits = 100;
constexpr std::int64_t kMilli = 1000;
// More is no better known for being exact: amounts stay in 63 bits.
constexpr std::int64_t kMostMilliCpu = 1'000'000'000'000;
constexpr std::int64_t kMostRatio = 1'000'000;
constexpr int kRatioBits = 4;

// The least gain for a merit of 51, 52, .. 99, in thousandths of thousandths of GPUs:
// 4,000,000 * ln(m / (100 - m)), to the nearest. That of 50 is 0, below it is the same mirrored.
constexpr std::array<std::int64_t, 49> kGains = {
    160021,  320171,  480577,   641371,   802683,   964648,   1127405,  1291094,  1455862, 1621860,
    1789249, 1958193, 2128867,  2301457,  2476157,  2653177,  2832740,  3015087,  3200477, 3389191,
    3581536, 3777846, 3978490,  4183874,  4394449,  4610718,  4833245,  5062665,  5299702, 5545177,
    5800041, 6065390, 6342509,  6632912,  6938404,  7261160,  7603835,  7969721,  8362964, 8788898,
    9254540, 9769388, 10346757, 11006141, 11777756, 12712215, 13904395, 15567281, 18380479};

std::int64_t LeastGain(std::int32_t merit) {
  if (merit == kMerits / 2) return 0;
  const bool below = merit < kMerits / 2;
  const auto step = static_cast<std::size_t>(below ? kMerits / 2 - merit : merit - kMerits / 2);
  return below ? -kGains[step - 1] : kGains[step - 1];
}

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The nearest number below of which only the first bits are set.
std::int64_t Coarse(std::int64_t n) {
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n)));
  if (bits <= kRatioBits) return n;
  return n >> (bits - kRatioBits) << (bits - kRatioBits);
}

std::int64_t Narrow(Wide n, std::int64_t most) {
  return n > most ? most : static_cast<std::int64_t>(n);
}

bool Accepts(const PodShape& shape, const std::string& model) {
  return shape.gpu_models.empty() || std::find(shape.gpu_models.begin(), shape.gpu_models.end(),
                                               model) != shape.gpu_models.end();
}

// Of a member, where the kind of GPU is open: the most that it counts for on any that it accepts.
std::int64_t GpuMilliOf(const PodShape& shape, const ResourceNames& names) {
  std::int64_t most = 0;
  for (std::size_t m = 0; m < names.kinds.size(); ++m) {
    if (Accepts(shape, names.models[m])) most = std::max(most, GpuMilli(shape, names.kinds[m]));
  }
  return most;
}

}  // namespace

Outlook MakeOutlook(const std::vector<Asked>& pods, const std::vector<std::int64_t>& capacity) {
  Wide cpu = 0;
  Wide gpu = 0;
  for (const Asked& kind : pods) {
    if (kind.milli_gpu == 0) continue;
    cpu += Wide{kind.pods} * std::min(kind.milli_cpu, kMostMilliCpu);
    gpu += Wide{kind.pods} * kind.milli_gpu;
  }
  Outlook outlook;
  outlook.scarcity.assign(capacity.size(), 0);
  if (gpu == 0) return outlook;
  outlook.ratio = Coarse(Narrow(cpu * kMilli / gpu, kMostRatio));
  // Of each kind of GPU, the part that those take who accept only some, when demand has grown to
  // the cluster's capacity, spread over what they accept in proportion to what there is of it.
  const auto sum = [&capacity](const std::vector<std::uint32_t>& kinds) {
    Wide all = 0;
    for (const std::uint32_t kind : kinds) all += capacity[kind];
    return all;
  };
  const Wide all = std::accumulate(capacity.begin(), capacity.end(), Wide{0});
  std::vector<Wide> parts(capacity.size(), 0);  // in thousandths of kScarcest-ths
  for (const Asked& kind : pods) {
    const Wide accepted = sum(kind.kinds);
    if (accepted == 0) continue;
    const Wide milli = Wide{kind.pods} * kind.milli_gpu;
    const Wide part = Wide{Outlook::kScarcest} * kMilli * milli * all / gpu / accepted;
    for (const std::uint32_t m : kind.kinds) parts[m] += part;
  }
  for (std::size_t m = 0; m < parts.size(); ++m) {
    outlook.scarcity[m] = Narrow(parts[m] / kMilli, Outlook::kScarcest);
  }
  return outlook;
}

Outlook OutlookOf(const Snapshot& snapshot) {
  const ResourceNames& names = *snapshot.names;
  std::vector<std::int64_t> capacity(names.models.size(), 0);
  for (const NodeId node : snapshot.nodes->by_name) {
    const std::int32_t gpus = snapshot.nodes->gpus[node.index()];
    if (gpus > 0) capacity[snapshot.nodes->model[node.index()].index()] += kMilli * gpus;
  }
  std::vector<Asked> pods;
  for (std::uint32_t s = 0; s < snapshot.shape_members->size(); ++s) {
    const std::int64_t members = (*snapshot.shape_members)[s];
    const PodShape& shape = *(*snapshot.shapes)[s];
    if (members == 0 || GpusAsked(shape) == 0) continue;
    Asked& asked = pods.emplace_back();
    asked.pods = members;
    asked.milli_cpu = shape.requests.milli_cpu;
    asked.milli_gpu = GpuMilliOf(shape, names);
    if (shape.gpu_models.empty()) continue;
    for (std::uint32_t m = 0; m < names.models.size(); ++m) {
      if (Accepts(shape, names.models[m])) asked.kinds.push_back(m);
    }
  }
  return MakeOutlook(pods, capacity);
}

MeritScale::MeritScale(const Outlook& outlook, std::int64_t milli_cpu, std::int64_t milli_gpu,
                       std::int64_t scarcity)
    : ratio_(outlook.ratio),
      shift_(std::min(milli_cpu, kMostMilliCpu) * kMilli - milli_gpu * outlook.ratio),
      most_(0) {
  const std::int64_t reach = std::abs(shift_);
  const std::int64_t scarce = kMilli * scarcity * milli_gpu;
  for (std::int32_t merit = kMerits - 1; merit > 0; --merit) {
    const std::int64_t cost = Outlook::kScarcest * LeastGain(merit) + scarce;
    const std::int64_t growth = FloorDiv(-cost * 2 * ratio_, Outlook::kScarcest * kMilli);
    if (growth < -reach) continue;
    if (steps_.empty()) most_ = merit;
    steps_.push_back(growth);
    if (growth >= reach) break;
  }
}

std::int32_t MeritScale::Of(std::int64_t free_milli_cpu, std::int64_t free_milli_gpu) const {
  const std::int64_t before =
      std::min(free_milli_cpu, kMostMilliCpu) * kMilli - free_milli_gpu * ratio_;
  const std::int64_t growth = std::abs(before - shift_) - std::abs(before);
  std::int32_t merit = most_;
  for (const std::int64_t step : steps_) {
    if (growth <= step) break;
    --merit;
  }
  return merit;
}

}  // namespace fairlead
