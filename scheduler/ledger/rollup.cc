#include "scheduler/ledger/rollup.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "scheduler/ledger/wide_text.h"

namespace fairlead::ledger {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

// "LENGTH:TEXT" for each value, whatever it holds.
void Put(std::string_view text, std::string* out) {
  out->append(std::to_string(text.size())).append(1, ':').append(text);
}

std::string_view Take(std::string_view* text) {
  std::size_t size = 0;
  const char* const begin = text->data();
  const char* const colon = std::from_chars(begin, begin + text->size(), size).ptr;
  text->remove_prefix(static_cast<std::size_t>(colon - begin) + 1);
  const std::string_view value = text->substr(0, size);
  text->remove_prefix(size);
  return value;
}

std::string ValuesOf(const Interval& i) {
  const bool gpus = i.gpus() > 0;
  std::string values;
  Put(KindName(i.kind), &values);
  Put(i.tenant, &values);
  Put(i.environment, &values);
  Put(i.ns, &values);
  Put(i.queue, &values);
  Put(i.gpu_model, &values);
  Put(UseClassName(i.use_class), &values);
  Put(std::to_string(gpus ? i.slices_per_gpu : 0), &values);
  return values;
}

}  // namespace

void AddToRollup(const Interval& i, RollupSums* sums) {
  if (!i.end || (i.kind != Kind::kUsage && i.kind != Kind::kReserved)) return;
  const std::string values = ValuesOf(i);
  const Int128 slices = Int128{i.gpus()} * i.slices;
  for (std::int64_t at = i.start.ns; at < i.end->ns;) {
    const std::int64_t hour = at - at % kHourNs;
    const std::int64_t to = std::min(hour + kHourNs, i.end->ns);
    const Int128 ns = to - at;
    Amounts128& sum = (*sums)[{hour, values}];
    sum.cpu_milli_ns += ns * i.cpu_milli;
    sum.memory_byte_ns += ns * i.memory_bytes;
    sum.gpu_slice_ns += ns * slices;
    sum.storage_byte_ns += ns * i.storage_bytes;
    at = to;
  }
}

Interval RollupValues(std::string_view values) {
  Interval i;
  i.kind = ParseKind(Take(&values)).value_or(Kind::kUsage);
  i.tenant = Take(&values);
  i.environment = Take(&values);
  i.ns = Take(&values);
  i.queue = Take(&values);
  i.gpu_model = Take(&values);
  i.use_class = ParseUseClass(Take(&values)).value_or(UseClass::kEntitled);
  const std::string_view slices = Take(&values);
  std::from_chars(slices.data(), slices.data() + slices.size(), i.slices_per_gpu);
  if (i.slices_per_gpu > 0) i.unknown_devices = i.slices = 1;
  return i;
}

std::string SumsText(const Amounts128& sums) {
  std::string text;
  for (const Int128 sum :
       {sums.cpu_milli_ns, sums.memory_byte_ns, sums.gpu_slice_ns, sums.storage_byte_ns}) {
    Put(WideText(sum), &text);
  }
  return text;
}

Amounts128 ParseSums(std::string_view text) {
  Amounts128 sums;
  for (Int128* sum :
       {&sums.cpu_milli_ns, &sums.memory_byte_ns, &sums.gpu_slice_ns, &sums.storage_byte_ns}) {
    *sum = ParseWide(Take(&text));
  }
  return sums;
}

bool IsRolledUpBy(std::string_view by) {
  constexpr std::array<std::string_view, 6> kKnown = {"tenant", "environment", "namespace",
                                                      "queue",  "model",       "class"};
  return std::find(kKnown.begin(), kKnown.end(), by) != kKnown.end();
}

}  // namespace fairlead::ledger
