// Small checkpoints for tests of saving.
#pragma once

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "stoker/core/error.h"
#include "stoker/train/checkpoint.h"

namespace stoker::test {

namespace fs = std::filesystem;
using train::CheckpointContent;

inline CheckpointContent content(int64_t step, double top1 = 0.5) {
  return {
      .model = {{"conv.weight", at::full({2, 3, 5}, static_cast<double>(step))},
                {"bn.num_batches_tracked", at::arange(1)}},
      .optimizer = {{"momentum/conv.weight", at::arange(30).to(at::kFloat).reshape({2, 3, 5})}},
      .state_json = fmt::format(
          R"({{"step": {0}, "metrics_step": {0}, "metrics": {{"val.top1": {1}}}}})", step, top1),
      .config_yaml = "name: a\n"};
}

inline bool same(const CheckpointContent& a, const CheckpointContent& b) {
  for (const auto& [x, y] :
       {std::pair{&a.model, &b.model}, std::pair{&a.optimizer, &b.optimizer}}) {
    if (x->size() != y->size()) return false;
    std::map<std::string, at::Tensor> named(y->begin(), y->end());
    for (const auto& [name, tensor] : *x) {
      if (!named.count(name) || !tensor.equal(named[name])) return false;
    }
  }
  return a.state_json == b.state_json && a.config_yaml == b.config_yaml;
}

inline std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

inline void flip_a_byte(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(-1, std::ios::end);
  file.put(byte);
}

}  // namespace stoker::test
