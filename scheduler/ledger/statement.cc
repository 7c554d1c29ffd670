#include "fairlead/ledger/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/ledger/idle.h"
#include "scheduler/ledger/pricing.h"
#include "scheduler/ledger/rollup.h"
#include "scheduler/ledger/statement_sums.h"
#include "scheduler/ledger/tally.h"

namespace fairlead::ledger {
namespace {

Error Wrong(std::string field, std::string message) {
  Error error;
  error.field = std::move(field);
  error.message = std::move(message);
  return error;
}

// Records that may be without a rollup before one is made.
constexpr std::int64_t kRollUpLag = 100'000;

// What is read of one period.
struct Reading {
  std::int64_t after_seq = 0;
  std::int64_t up_to_seq = INT64_MAX;
  bool open = false;  // what is open counts too
};

// Segments within which neither a rate nor a month changes.
std::vector<Instant> BoundsOf(const Billing& billing, const Period& period) {
  std::vector<Instant> bounds = RateChanges(billing, period.from, period.to);
  for (const Period& month : MonthsBetween(period.from, period.to, billing.zone)) {
    if (month.from > period.from) bounds.push_back(month.from);
  }
  bounds.push_back(period.from);
  bounds.push_back(period.to);
  std::sort(bounds.begin(), bounds.end());
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  return bounds;
}

class Reader {
 public:
  Reader(Store* store, const StatementRequest& request) : store_(store), request_(request) {}

  Status Read(const Billing& billing, const Period& period, const Reading& reading, Tally* tally) {
    Result<std::int64_t> rolled_up = std::int64_t{0};
    if (reading.after_seq == 0 && RollupsFit(*tally)) {
      rolled_up = RolledUp();
      if (!rolled_up.ok()) return rolled_up.error();
    }
    Status read = *rolled_up > 0 ? AddRollups(billing, period, tally) : Status(Ok{});
    if (!read) return read;
    Filter filter;
    filter.tenant = request_.tenant;
    filter.from = period.from;
    filter.to = period.to;
    filter.after_seq = *rolled_up > 0 ? std::min(*rolled_up, reading.up_to_seq) : reading.after_seq;
    read = store_->Read(filter, [&](const StoredInterval& stored) -> Status {
      if (!Charged(billing, stored.interval)) return Ok{};
      // What came after a closing may be in the rollups already.
      const bool summed = stored.seq <= *rolled_up;
      const bool counts = stored.seq <= reading.up_to_seq;
      if (counts != summed) tally->Add(stored.interval, request_.as_of, counts ? 1 : -1);
      return Ok{};
    });
    if (!read) return read;
    if (Status taken = TakeBackCorrected(billing, reading, tally); !taken) return taken;
    return reading.open ? AddOpen(billing, tally) : Status(Ok{});
  }

 private:
  // Hours lie whole within segments, and what the statement is made by is known of them.
  bool RollupsFit(const Tally& tally) const {
    constexpr std::int64_t kHourNs = 3'600'000'000'000;
    return request_.rollups && IsRolledUpBy(request_.by) &&
           std::all_of(tally.bounds().begin(), tally.bounds().end(),
                       [](Instant at) { return at.ns % kHourNs == 0; });
  }
  // How far rollups go, after bringing them up to date where they lag far behind; 0 where there are
  // few records, which are as fast by themselves.
  Result<std::int64_t> RolledUp() {
    Result<std::int64_t> seq = store_->RolledUpTo();
    if (!seq.ok()) return seq;
    Filter lag;
    lag.after_seq = *seq + kRollUpLag;
    lag.limit = 1;
    bool lags = false;
    Status read = store_->Read(lag, [&](const StoredInterval&) -> Status {
      lags = true;
      return Ok{};
    });
    if (read.ok() && lags) read = store_->RollUp();
    if (!read.ok()) return read.error();
    return lags ? store_->RolledUpTo() : seq;
  }
  Status AddRollups(const Billing& billing, const Period& period, Tally* tally) {
    return store_->ReadRollups(
        period.from, period.to,
        [&](Instant hour, std::string_view values, std::string_view sums) -> Status {
          const Interval interval = RollupValues(values);
          if (Wanted(interval) && Charged(billing, interval)) {
            tally->AddSums(interval, hour, ParseSums(sums));
          }
          return Ok{};
        });
  }

  static bool Charged(const Billing& billing, const Interval& interval) {
    return interval.kind == Kind::kUsage ||
           (interval.kind == Kind::kReserved && billing.charge_reserved);
  }
  bool Wanted(const Interval& interval) const {
    return !request_.tenant || interval.tenant == *request_.tenant;
  }

  // A correction stands in place of what it names, which may be of another tenant or time.
  Status TakeBackCorrected(const Billing& billing, const Reading& reading, Tally* tally) {
    Filter filter;
    filter.corrections = true;
    filter.after_seq = reading.after_seq;
    std::vector<std::string> corrected;
    Status read = store_->Read(filter, [&](const StoredInterval& stored) -> Status {
      if (stored.seq <= reading.up_to_seq) corrected.push_back(stored.interval.supersedes);
      return Ok{};
    });
    if (!read) return read;
    for (const std::string& record_id : corrected) {
      Result<std::optional<Interval>> found = store_->Find(record_id);
      if (!found.ok()) return found.error();
      if (!*found) return Wrong("supersedes", fmt::format("{} is not in the ledger", record_id));
      if (Wanted(**found) && Charged(billing, **found)) tally->Add(**found, request_.as_of, -1);
    }
    return Ok{};
  }

  Status AddOpen(const Billing& billing, Tally* tally) {
    Result<std::vector<Interval>> open = store_->OpenIntervals();
    if (!open.ok()) return open.error();
    for (const Interval& interval : *open) {
      if (Wanted(interval) && Charged(billing, interval)) tally->Add(interval, request_.as_of);
    }
    return Ok{};
  }

  Store* store_;
  const StatementRequest& request_;
};

const ClosedPeriod* FindClosed(const std::vector<ClosedPeriod>& closed, const std::string& name) {
  for (const ClosedPeriod& period : closed) {
    if (period.name == name) return &period;
  }
  return nullptr;
}

// Late records of closed periods that no period between has taken yet.
Status AddCorrections(Store* store, const Period& period, const StatementRequest& request,
                      const std::vector<ClosedPeriod>& closed, LineBook* book) {
  const ClosedPeriod* own = FindClosed(closed, period.name);
  Reader reader(store, request);
  for (const ClosedPeriod& late : closed) {
    if (late.to > period.from) continue;
    Reading reading;
    reading.after_seq = late.last_seq;
    if (own != nullptr) reading.up_to_seq = own->last_seq;
    for (const ClosedPeriod& between : closed) {
      if (between.from < late.to || between.to > period.from) continue;
      reading.after_seq = std::max(reading.after_seq, between.last_seq);
    }
    Result<Billing> billing = BillingOf(store, late.billing);
    if (!billing.ok()) return billing.error();
    const Period range{late.name, late.from, late.to};
    Tally tally(BoundsOf(*billing, range), request.by);
    if (Status read = reader.Read(*billing, range, reading, &tally); !read) return read;
    if (Status priced = PriceCells(*billing, tally, late.name, book); !priced) return priced;
  }
  return Ok{};
}

}  // namespace

Result<Billing> BillingOf(Store* store, std::int64_t version) {
  const Result<std::string> document = store->Billing(version);
  if (!document.ok()) return document.error();
  if (document->empty()) return DefaultBilling();
  return ParseBilling(*document, "billing of the ledger");
}

Result<Statement> MakeStatement(Store* store, const StatementRequest& request) {
  if (!IsGrouping(request.by)) {
    return Wrong("by", fmt::format("'{}': expected tenant, environment, namespace, gang, user, "
                                   "queue, model, class, cost_center or label:NAME",
                                   request.by));
  }
  Result<std::vector<ClosedPeriod>> closed = store->ClosedPeriods();
  if (!closed.ok()) return closed.error();
  const ClosedPeriod* own = FindClosed(*closed, request.period);
  Result<Billing> billing = own == nullptr && request.billing
                                ? Result<Billing>(*request.billing)
                                : BillingOf(store, own == nullptr ? 0 : own->billing);
  if (!billing.ok()) return billing.error();
  Result<Period> period = ParsePeriod(request.period, billing->zone);
  if (!period.ok()) {
    Error error = period.error();
    error.field = "period";
    return error;
  }
  Reading reading;
  reading.open = own == nullptr;
  if (own != nullptr) reading.up_to_seq = own->last_seq;
  Tally tally(BoundsOf(*billing, *period), request.by);
  Reader reader(store, request);
  LineBook book(*billing);
  Status done = reader.Read(*billing, *period, reading, &tally);
  if (done.ok()) done = PriceCells(*billing, tally, "", &book);
  if (done.ok()) done = AddCorrections(store, *period, request, *closed, &book);
  if (done.ok() && billing->idle != IdleSharing::kNone) {
    done = ShareIdle({store, *billing, *period, request, reading.up_to_seq}, &book);
  }
  if (!done.ok()) return done.error();
  Statement statement;
  statement.tenant = request.tenant.value_or("");
  statement.period = *period;
  statement.as_of = request.as_of;
  statement.by = request.by;
  statement.currency = billing->currency;
  statement.digits = billing->digits;
  statement.zone = billing->zone;
  statement.issuer = billing->issuer;
  statement.closed = own != nullptr;
  statement.lines = RoundLines(book.Take());
  SumUp(*billing, &statement);
  return statement;
}

}  // namespace fairlead::ledger
