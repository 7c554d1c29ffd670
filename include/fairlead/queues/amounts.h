// Amounts of resources as people write them, and back. The one place that knows which unit an
// amount has by the name of its resource:
//
//   cpu                                     milli-CPU
//   gpu/<model>, gpu/<model>|<model>...     milli-GPU; "gpu/" is the model of nodes that name none
//   memory, ephemeral-storage, hugepages-*  bytes
//   pods, any other extended resource       count
//
// Everything here is exact and ends in 64 bits; nothing is rounded but where the caller says how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/quantity.h"
#include "fairlead/base/resources.h"
#include "fairlead/base/result.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

// A Kubernetes quantity in the unit of `name`. Errors as those of ParseQuantity.
Result<std::int64_t> ParseAmount(std::string_view name, std::string_view text, Rounding rounding);
// The same without rounding: what is no whole number of units is refused.
Result<std::int64_t> ParseExactAmount(std::string_view name, std::string_view text);

// Text that ParseExactAmount reads as `amount`: "1500m", "64Gi", "12".
std::string FormatAmount(std::string_view name, std::int64_t amount);
// "cpu 1500m, memory 64Gi"; "nothing" where there is none.
std::string FormatAmounts(const NamedAmounts& amounts);

// Why `name` cannot stand for a resource in what people write, with what was expected; none where
// it can. GPUs go by model; of a plain gpu or nvidia.com/gpu it says so.
std::optional<std::string> ResourceNameProblem(std::string_view name);

// What a person wrote, as names and quantities in any order. The first error in that order has the
// name as its field.
Result<NamedAmounts> ParseNamedAmounts(
    const std::vector<std::pair<std::string, std::string>>& texts);

// Adds `more` to `sum`. Returns the first name whose sum does not fit in 63 bits, and then leaves
// that one and those after it as they were.
std::optional<std::string> AddAmounts(const NamedAmounts& more, NamedAmounts* sum);

// By ResourceId, given the name of each. Names that the cluster does not have are dropped: nothing
// of them can be held or wanted.
ResourceVector ToVector(const NamedAmounts& amounts, const std::vector<std::string>& names);
ResourceLimits ToLimits(const NamedAmounts& amounts, const std::vector<std::string>& names);
// And back, without zeros.
NamedAmounts ToNamed(const ResourceVector& amounts, const std::vector<std::string>& names);

}  // namespace fairlead
