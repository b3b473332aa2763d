// The scripts and the style of pages, built in from assets/ (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace stoker::report {

std::string_view charts_script();  // the charts of reports and of the live page
std::string_view report_script();
std::string_view live_script();  // behind that of the report
std::string_view report_style();

}  // namespace stoker::report
