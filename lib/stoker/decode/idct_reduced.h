// Inverse transforms to fewer pixels than a block has. Used through inverse_transform().
#pragma once

#include "stoker/decode/idct.h"

namespace stoker::decode {

// side: 4 or 2.
InverseTransform reduced_inverse_transform(kernels::CpuLevel level, int side);

}  // namespace stoker::decode
