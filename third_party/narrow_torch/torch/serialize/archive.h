// In place of LibTorch's own, which brings TorchScript along: our weights go to safetensors, so
// torch::nn's headers need no more than the names.
#pragma once

#ifdef STOKER_WHOLE_TORCH
#include_next <torch/serialize/archive.h>
#else
namespace torch::serialize {
class InputArchive;
class OutputArchive;
}  // namespace torch::serialize
#endif
