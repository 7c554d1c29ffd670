// Export and import of a ledger as JSON lines (interval_json.h): records in order of seq, then what
// is open. Importing an export into an empty ledger gives the same ledger, byte for byte.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>

#include "fairlead/base/result.h"
#include "fairlead/ledger/store.h"

namespace fairlead::ledger {

Result<std::int64_t> ExportLines(Store* store, std::ostream* out);  // lines written

struct Imported {
  std::int64_t lines = 0;
  Written written;
};
// Reads the whole text twice: first everything is checked, then it is written. `in` can be rewound;
// `file` goes into errors, with the line and the field. Lines with a seq must be in its order and
// follow the chain of their cluster from the line before; an empty line is an error, the end of a
// file without a line break is not.
Result<Imported> ImportLines(std::istream* in, const std::string& file, Store* store, Instant now);

}  // namespace fairlead::ledger
