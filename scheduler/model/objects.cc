#include "fairlead/model/objects.h"

namespace fairlead {

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (toleration.effect && *toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.op == TolerationOperator::kExists;
  if (toleration.key != taint.key) return false;
  return toleration.op == TolerationOperator::kExists || toleration.value == taint.value;
}

std::int64_t LeastOf(const std::vector<GangRole>& roles) {
  std::int64_t sum = 0;
  for (const GangRole& role : roles) sum += role.least;
  return sum;
}

}  // namespace fairlead
