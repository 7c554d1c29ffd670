// Own keys about a gang beside its name and size: roles, the most members, how long to wait.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fairlead/base/time.h"
#include "scheduler/kube/each_part.h"
#include "scheduler/kube/keys.h"
#include "scheduler/kube/own_keys.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

constexpr std::size_t kMostRoles = 64;
constexpr std::size_t kMostNameLength = 63;

bool ReadRole(std::string_view part, std::int64_t most, GangRole* role) {
  const std::size_t equals = part.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals > kMostNameLength) return false;
  role->name = part.substr(0, equals);
  return ParseWhole(part.substr(equals + 1), 0, most, &role->least);
}

// "launcher=1,worker=8"
std::string ReadRoles(std::string_view text, std::int64_t most, std::vector<GangRole>* roles) {
  const bool read = EachPart(text, [&](std::string_view part) {
    return roles->size() < kMostRoles && ReadRole(part, most, &roles->emplace_back());
  });
  std::sort(roles->begin(), roles->end(),
            [](const GangRole& a, const GangRole& b) { return a.name < b.name; });
  const auto same =
      std::adjacent_find(roles->begin(), roles->end(),
                         [](const GangRole& a, const GangRole& b) { return a.name == b.name; });
  if (read && same == roles->end() && LeastOf(*roles) <= most) return {};
  roles->clear();
  return fmt::format(
      "annotation {}: \"{}\": expected up to {} names, each once and with the number of members "
      "that "
      "it needs, together up to {}, such as launcher=1,worker=8",
      keys::kGangRoles, text, kMostRoles, most);
}

std::string RoleProblem(const OwnKeys& own, const std::vector<GangRole>& roles) {
  std::vector<std::string_view> names;
  names.reserve(roles.size());
  for (const GangRole& role : roles) names.push_back(role.name);
  if (own.gang_role && names.empty()) {
    return fmt::format("label {}: \"{}\", but there are no roles; expected annotation {}",
                       keys::kGangRole, *own.gang_role, keys::kGangRoles);
  }
  if (names.empty()) return {};
  if (own.gang_role && std::find(names.begin(), names.end(), *own.gang_role) != names.end()) {
    return {};
  }
  return fmt::format("label {}: {}; expected one of {}", keys::kGangRole,
                     own.gang_role ? fmt::format("\"{}\"", *own.gang_role) : "missing",
                     fmt::join(names, ", "));
}

std::string ReadWait(std::string_view key, std::string_view text, bool may_be_never,
                     std::optional<Duration>* out) {
  if (may_be_never && text == "never") {
    *out = Duration{};
    return {};
  }
  const Result<Duration> wait = ParseDuration(text);
  if (wait.ok() && wait->ns > 0) {
    *out = *wait;
    return {};
  }
  return fmt::format("annotation {}: \"{}\": expected a time above 0 such as 90s or 1h30m{}", key,
                     text, may_be_never ? ", or never" : "");
}

std::string ReadMost(const OwnKeys& own, const GangClaim& gang, std::int64_t most,
                     std::optional<std::int64_t>* out) {
  const std::int64_t least =
      std::max({std::int64_t{1}, gang.size.value_or(1), LeastOf(gang.terms.roles)});
  std::int64_t members = 0;
  if (ParseWhole(*own.gang_max, least, most, &members)) {
    *out = members;
    return {};
  }
  return fmt::format("annotation {}: \"{}\" is not a whole number from {} to {}", keys::kGangMax,
                     *own.gang_max, least, most);
}

// Keys that mean nothing for a pod that is no member of a gang.
std::string AloneProblem(const OwnKeys& own) {
  if (!own.gang_roles && !own.gang_max) return {};
  return fmt::format("annotation {}: no gang is named; expected label {}",
                     own.gang_roles ? keys::kGangRoles : keys::kGangMax, keys::kGang);
}

}  // namespace

std::string ReadGangTerms(const OwnKeys& own, std::int64_t most, GangClaim* gang) {
  GangTerms& terms = gang->terms;
  std::string problem;
  if (own.gang_roles) problem = ReadRoles(*own.gang_roles, most, &terms.roles);
  if (problem.empty()) problem = RoleProblem(own, terms.roles);
  gang->role = own.gang_role.value_or("");
  if (problem.empty() && gang->key.kind == GangKind::kSinglePod) problem = AloneProblem(own);
  const std::int64_t needed = LeastOf(terms.roles);
  if (problem.empty() && gang->size && *gang->size < needed) {
    problem = fmt::format("annotation {}: {}; expected at least the {} members that the roles need",
                          keys::kGangSize, *gang->size, needed);
  }
  if (problem.empty() && own.gang_max) problem = ReadMost(own, *gang, most, &terms.most);
  if (problem.empty() && own.start_timeout) {
    problem = ReadWait(keys::kStartTimeout, *own.start_timeout, false, &terms.start_timeout);
  }
  if (problem.empty() && own.stale_grace) {
    problem = ReadWait(keys::kStaleGrace, *own.stale_grace, true, &terms.stale_grace);
  }
  return problem;
}

}  // namespace fairlead::kube
