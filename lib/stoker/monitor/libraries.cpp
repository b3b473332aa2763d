#include "stoker/monitor/libraries.h"

#include <fmt/format.h>

#include "stoker/core/version.h"

namespace stoker::monitor {

std::vector<std::pair<std::string, std::string>> libraries() {
  const BuildInfo& info = build_info();
  std::vector<std::pair<std::string, std::string>> list{
      {"stoker", fmt::format("{} ({}, {}, {})", info.version, info.revision, info.build_type,
                             info.compiler)}};
  for (const auto& [name, version] :
       {std::pair("LibTorch", info.libtorch), std::pair("CUDA", info.cuda),
        std::pair("cuDNN", info.cudnn), std::pair("NCCL", info.nccl),
        std::pair("OpenCV", info.opencv)})
    list.emplace_back(name, version.empty() ? "not built in" : std::string(version));
  return list;
}

}  // namespace stoker::monitor
