// Parts of GPUs: how many slices a request costs on a kind of GPU, and what that is accounted as.
//
// A GPU of a kind is cut into S equal slices (1 = not shared) and has M bytes of memory. A request
// costs max(ceil(share * S), ceil(memory * S / M)) slices on each of its devices. So its memory
// never exceeds its part of the GPU's, and slices that fit mean memory that fits: only slices are
// counted.
//
// I1: slices of one GPU that are granted never sum to more than the GPU, also where they were
//     granted under another S.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fairlead/model/node_table.h"
#include "fairlead/model/objects.h"

namespace fairlead {

inline constexpr std::int64_t kWholeGpu = 1'000'000;  // millionths
inline constexpr std::int32_t kMaxGpuSlices = 64;

// A decimal above 0 and up to 1 with at most six digits after the point, in millionths; false for
// any other text.
bool ParseGpuShare(std::string_view text, std::int64_t* millionths);

// Slices on each device; 0: no GPU of the kind can serve the request.
std::int32_t SlicesFor(const GpuShare& share, const GpuKind& kind);

// Devices of one node that the shape asks for, whole or in part.
std::int32_t GpusAsked(const PodShape& shape);

// What a member of the shape is accounted for on a GPU of the kind, in thousandths of a GPU,
// rounded down so that a GPU never counts for more than 1000; 0: no GPUs, or none of this kind
// would do.
std::int64_t GpuMilli(const PodShape& shape, const GpuKind& kind);
// The same of devices that were granted; without a grant they are whole.
std::int64_t GpuMilli(std::int32_t devices, const GpuGrant& grant);

// How many of `of` slices are left beside these grants: rounded down, never below 0.
std::int32_t SlicesLeft(std::span<const GpuGrant> grants, std::int32_t of);

}  // namespace fairlead
