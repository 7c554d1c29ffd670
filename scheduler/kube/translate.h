// From the intermediate form (raw.h) to the model's values. All rules of what a Kubernetes object
// means to the scheduler are here and in pod_requests.h; none in the decoders.
//
// A pod of ours that is pending and asks for what is not supported, or whose keys make no sense,
// becomes PodInfo::invalid, which names the first such field in this order: requests, spec, own
// keys, gang. Pods of others are never refused: they take up room where they are bound, and nothing
// else of them is read.
#pragma once

#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/kube/decode.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

// Each fails only for an object without a name.
Result<PodInfo> TranslatePod(const RawPod& raw, const TranslateOptions& options);
Result<NodeInfo> TranslateNode(const RawNode& raw, const TranslateOptions& options);
Result<JobInfo> TranslateJob(const RawJob& raw);
Result<NamespaceInfo> TranslateNamespace(const RawMeta& raw);
Result<PodGroupInfo> TranslatePodGroup(const RawPodGroup& raw, const TranslateOptions& options);

Bookmark TranslateBookmark(const RawMeta& raw);

// Nothing where `out` is null.
void CopyMeta(const RawMeta& raw, ObjectMeta* out);

// Sorted by key; of equal keys the last one counts, as in a JSON object.
Labels SortedLabels(const RawList<RawPair>& pairs);

// A whole number from `min` to `max`, digits only.
bool ParseWhole(std::string_view text, std::int64_t min, std::int64_t max, std::int64_t* out);

}  // namespace fairlead::kube
