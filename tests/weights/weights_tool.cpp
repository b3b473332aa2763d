// Reads and writes safetensors for tests/weights/round_trip.py.
//
//   weights_tool write FILE        the tensors of the formula
//   weights_tool check FILE        exit 1 unless FILE holds exactly them
//   weights_tool copy FROM TO      through our reader and writer
//   weights_tool time FILE N       seconds of the fastest of N loads: mapped, and copied from there
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "formula.h"
#include "stoker/core/error.h"
#include "stoker/weights/safetensors_image.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

bool holds_the_formula(const std::string& path) {
  const SafetensorsFile file(path);
  const NamedTensors wanted = test::formula_tensors();
  bool same = file.names().size() == wanted.size();
  for (const auto& [name, tensor] : wanted) {
    if (!file.contains(name) || !test::identical(file.tensor(name), tensor)) {
      fmt::print(stderr, "differs: {}\n", name);
      same = false;
    }
  }
  return same;
}

struct Times {
  double open_s = 1e9;
  double copy_s = 1e9;
};

Times fastest(const std::string& path, int times) {
  Times best;
  for (int i = 0; i < times; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto since_begin_s = [begin] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    NamedTensors tensors = read_weights(path);
    best.open_s = std::min(best.open_s, since_begin_s());
    for (auto& [name, tensor] : tensors) tensor = tensor.clone();
    best.copy_s = std::min(best.copy_s, since_begin_s());
  }
  return best;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "write") {
    write_safetensors(real_file_system(), words[1], test::formula_tensors(), {{"format", "pt"}});
  } else if (words.size() == 2 && words[0] == "check") {
    return holds_the_formula(words[1]) ? 0 : 1;
  } else if (words.size() == 3 && words[0] == "copy") {
    const SafetensorsFile from(words[1]);
    write_safetensors(real_file_system(), words[2], read_weights(words[1]), from.metadata());
  } else if (words.size() == 3 && words[0] == "time") {
    const Times best = fastest(words[1], std::atoi(words[2].c_str()));
    fmt::print("{} {}\n", best.open_s, best.copy_s);
  } else {
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
