// The columns of each kind and the cells of one row. Internal to the tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/base/time.h"
#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

struct Column {
  std::string name;
  std::string type = "string";
  std::string format;
  std::string description;
  int priority = 0;  // 1: only in wide output
};

struct RowContext {
  Instant now;
  Profile profile = Profile::kCurrent;
};

// Columns and how a row is printed; both have the same number of entries.
struct TableKind {
  std::vector<Column> columns;
  json::array (*print)(const json::object& object, const RowContext& context) = nullptr;
};

Column NameColumn();
Column AgeColumn();
json::value NameCell(const json::object& object);
json::value AgeCell(const json::object& object, Instant now);
// How long ago the time at the path was; "<unknown>" if it is not set.
std::string Since(const json::object& object, Path path, Instant now);
// "<none>" for an empty text.
json::value OrNone(std::string_view text);

TableKind PodTable(Profile profile);
TableKind NodeTable();
TableKind JobTable(Profile profile);
TableKind EventTable();
// The small kinds; without columns if there is none of its own.
TableKind OtherTable(const Resource& resource, Profile profile);

// Of custom resources: the columns of the definition's version.
std::vector<Column> CustomColumns(const Resource& resource);
json::array CustomCells(const Resource& resource, const json::object& object, Instant now);

}  // namespace fairlead::apiserver
