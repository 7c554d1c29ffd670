// What nobody held, shared out to the tenants as the billing document says.
#pragma once

#include "fairlead/ledger/statement.h"
#include "scheduler/ledger/pricing.h"

namespace fairlead::ledger {

struct IdleInput {
  Store* store;
  const Billing& billing;
  const Period& period;
  const StatementRequest& request;
  std::int64_t up_to_seq;
};

// `even`: every tenant with usage in the period bears an equal part. `weighted`: each bears a part
// as large as its part of all tenants' usage cost. Idle time costs what no tenant's own rate says.
Status ShareIdle(const IdleInput& input, LineBook* book);

}  // namespace fairlead::ledger
