// Why a GPU's clocks are not higher, in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stoker::monitor {

// Bits of NVML's clock event reasons: {"its power limit", "heat"}; nothing for none. Idle and
// clocks that a user has set count as none.
std::vector<std::string> clock_reasons(uint64_t bits);

}  // namespace stoker::monitor
