// Which networks of torchvision those of the table are, for weights that go there.
//
//   if (const TorchvisionNetwork* network = torchvision_network("vit_base_patch16_224"))
//     network->name;  // "vit_b_16"
#pragma once

#include <span>
#include <string_view>

namespace stoker::zoo {

struct TorchvisionNetwork {
  std::string_view row;      // of the table
  std::string_view name;     // torchvision.models' function
  std::string_view dialect;  // of its tensors' names (weights/dialects.h); "": those of the row
};

std::span<const TorchvisionNetwork> torchvision_networks();
// Null where torchvision has no such network, or it computes something else.
const TorchvisionNetwork* torchvision_network(std::string_view row);

}  // namespace stoker::zoo
