// What this stoker was built from and runs with.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace stoker::machine {

// Name and version: stoker with its git revision, LibTorch, CUDA, cuDNN, NCCL, OpenCV.
std::vector<std::pair<std::string, std::string>> versions();
std::string versions_text();

}  // namespace stoker::machine
