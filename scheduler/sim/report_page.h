// The page of the HTML report: styles and the program that draws, around the data.
#pragma once

#include <string_view>

namespace fairlead::sim {

// report_page.cc: up to and after the data, which is JSON in a script element.
std::string_view ReportHead();
std::string_view ReportTail();

}  // namespace fairlead::sim
