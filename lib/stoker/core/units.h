// Factors between units that people read and those that the code counts in.
#pragma once

namespace stoker {

inline constexpr double kMib = 1024.0 * 1024.0;  // bytes
inline constexpr double kGib = 1024.0 * kMib;    // bytes
inline constexpr double kJoulesPerKwh = 3.6e6;

}  // namespace stoker
