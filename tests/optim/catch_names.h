// Names that Catch2 versions 2 and 3 spell differently.
#pragma once

#include <string>

#include "support/catch.h"

namespace stoker::optim::test {

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Approx;
inline auto contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
#else
using ::Approx;
inline auto contains(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif

}  // namespace stoker::optim::test
