// Tensors as files hold them: on the CPU, row by row.
#pragma once

#include <ATen/core/Tensor.h>

namespace stoker::weights {

// The tensor itself where it is so already. Convolution weights in channels_last, of which a
// checkpoint has many, are turned in one pass over both sides: LibTorch's copy of such takes
// several times as long on one thread.
at::Tensor contiguous_on_cpu(const at::Tensor& tensor);

}  // namespace stoker::weights
