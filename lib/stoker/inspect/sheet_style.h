// What the pictures of this room have in common.
#pragma once

#include <cstdint>

#include "stoker/draw/drawing.h"

namespace stoker::inspect {

inline constexpr draw::Rgb kPaper{250, 250, 248}, kInk{40, 40, 44}, kFaint{228, 228, 224},
    kBad{200, 60, 50};
inline constexpr int32_t kMargin = 12;  // pixels around the whole

}  // namespace stoker::inspect
