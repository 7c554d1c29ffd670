// What a statement says beside its lines: sums, groups, budgets.
#pragma once

#include "fairlead/ledger/statement.h"

namespace fairlead::ledger {

void SumUp(const Billing& billing, Statement* statement);

}  // namespace fairlead::ledger
