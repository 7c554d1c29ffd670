// From sums to lines of money, exactly; and to whole amounts of the currency that sum to their
// total.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "fairlead/ledger/statement.h"
#include "scheduler/ledger/exact.h"
#include "scheduler/ledger/tally.h"

namespace fairlead::ledger {

struct ExactLine {
  StatementLine line;  // without quantity and cost
  Exact quantity;      // in units: core-hours ...
  Exact cost;          // in smallest units of the currency
};

// Lines that differ in nothing but their time are one.
class LineBook {
 public:
  explicit LineBook(const Billing& billing);
  void Add(const StatementLine& line, const Exact& quantity);
  // In the order of statements.
  std::vector<ExactLine> Take() const;

 private:
  using Key = std::tuple<LineKind, std::string, std::string, Resource, std::string, UseClass,
                         std::string, std::int64_t>;
  Exact minor_per_nano_;
  std::map<Key, ExactLine> lines_;
};

// Adds what the cells cost. `corrects`: the closed period that they correct, else empty. Error: a
// time for which no rate is valid.
Status PriceCells(const Billing& billing, const Tally& tally, const std::string& corrects,
                  LineBook* book);

// The hours or months of a resource in a cell's segment.
Exact QuantityOf(Resource resource, const Cell& cell, std::size_t segment, const Exact& month_ns);

// Rounds by largest remainder: see statement.h.
std::vector<StatementLine> RoundLines(const std::vector<ExactLine>& exact);

}  // namespace fairlead::ledger
