// Tables for people, as plain text.
#pragma once

#include <string>
#include <vector>

namespace fairlead::cli {

using Row = std::vector<std::string>;

// A line for each row. Columns are as wide as their widest cell; the last one is not padded.
std::string Table(const std::vector<Row>& rows);

}  // namespace fairlead::cli
