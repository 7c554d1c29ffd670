#include "fairlead/model/objects.h"

#include <algorithm>

namespace fairlead {

const std::string* FindLabel(const Labels& labels, const std::string& key) {
  const auto it = std::lower_bound(
      labels.begin(), labels.end(), key,
      [](const auto& label, const std::string& wanted) { return label.first < wanted; });
  return it != labels.end() && it->first == key ? &it->second : nullptr;
}

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (toleration.effect && *toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.op == TolerationOperator::kExists;
  if (toleration.key != taint.key) return false;
  return toleration.op == TolerationOperator::kExists || toleration.value == taint.value;
}

}  // namespace fairlead
