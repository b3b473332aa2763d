#include "stoker/weights/contiguous.h"

#include <ATen/ops/empty.h>

#include <cstdint>

namespace stoker::weights {
namespace {

// in: [outer][pixels][channels], out: [outer][channels][pixels]. The reads of one output pixel's
// row run in as many streams as there are pixels, which are few in a convolution's weights.
template <typename T>
void turn(const T* in, T* out, int64_t outer, int64_t channels, int64_t pixels) {
  for (int64_t o = 0; o < outer; ++o, in += channels * pixels)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < pixels; ++p) *out++ = in[p * channels + c];
}

template <typename T>
at::Tensor turned(const at::Tensor& tensor) {
  at::Tensor out =
      at::empty(tensor.sizes(), tensor.options().memory_format(at::MemoryFormat::Contiguous));
  turn(static_cast<const T*>(tensor.const_data_ptr()), static_cast<T*>(out.mutable_data_ptr()),
       tensor.size(0), tensor.size(1), tensor.size(2) * tensor.size(3));
  return out;
}

}  // namespace

at::Tensor contiguous_on_cpu(const at::Tensor& tensor) {
  const at::Tensor here = tensor.detach().cpu();
  if (here.is_contiguous()) return here;
  if (here.dim() == 4 && here.is_contiguous(at::MemoryFormat::ChannelsLast) && !here.is_conj() &&
      !here.is_neg()) {
    switch (here.element_size()) {
      case 2:
        return turned<uint16_t>(here);
      case 4:
        return turned<uint32_t>(here);
      case 8:
        return turned<uint64_t>(here);
      default:
        break;
    }
  }
  return here.contiguous(at::MemoryFormat::Contiguous);
}

}  // namespace stoker::weights
