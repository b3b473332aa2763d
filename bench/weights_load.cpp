// Loads a safetensors file again and again and prints the seconds of each load.
//
//   weights_load map|copy FILE TIMES [cold]
//
// map: open, check the header, make every tensor over the mapped file. copy: then copy each into a
// tensor that is there already, as a model's parameters are. cold: drop the file from the page
// cache before each load. bench/weights_load_peer.py is the same in Python.
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>

#include "stoker/core/error.h"
#include "stoker/weights/safetensors.h"
#include "tool_main.h"

using namespace stoker;

namespace {

void drop_from_page_cache(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  close(file);
}

double load_once_s(const std::string& path, std::map<std::string, at::Tensor>* into) {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& [name, tensor] : weights::read_weights(path)) {
    if (into != nullptr) into->at(name).copy_(tensor);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3 || (words[0] != "map" && words[0] != "copy")) return 2;
  at::set_num_threads(1);
  const bool cold = words.size() > 3 && words[3] == "cold";
  std::map<std::string, at::Tensor> model;
  if (words[0] == "copy")
    for (const auto& [name, tensor] : weights::read_weights(words[1])) model[name] = tensor.clone();
  for (int i = 0; i < std::atoi(words[2].c_str()); ++i) {
    if (cold) drop_from_page_cache(words[1]);
    fmt::print("{}\n", load_once_s(words[1], words[0] == "copy" ? &model : nullptr));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::tool_main(
      [](int count, char** words) {
        return run({words + 1, words + count});
      },
      argc, argv);
}
