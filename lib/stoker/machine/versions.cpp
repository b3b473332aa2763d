#include "stoker/machine/versions.h"

#include <fmt/format.h>
#include <torch/version.h>

#include "stoker/core/version.h"

namespace stoker::machine {

std::vector<std::pair<std::string, std::string>> versions() {
  const BuildInfo& info = build_info();
  std::vector<std::pair<std::string, std::string>> list;
  const auto add = [&](const char* name, std::string_view version) {
    list.emplace_back(name, version.empty() ? "not built in" : std::string(version));
  };
  list.emplace_back("stoker", fmt::format("{} ({}, {}, {})", info.version, info.revision,
                                          info.build_type, info.compiler));
  add("LibTorch", TORCH_VERSION);
  add("CUDA", info.cuda);
  add("cuDNN", info.cudnn);
  add("NCCL", info.nccl);
  add("OpenCV", info.opencv);
  return list;
}

std::string versions_text() {
  std::string text;
  for (const auto& [name, version] : versions()) {
    text += fmt::format("{}{:<9} {}", text.empty() ? "" : "\n", name, version);
  }
  return text;
}

}  // namespace stoker::machine
