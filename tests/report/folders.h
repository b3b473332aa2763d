// Folders of runs as tests of reports need them.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "support/temporary.h"

namespace stoker::test {

struct FakeRun {
  std::string config = "seed: 0\noptimizer: {name: sgd, lr: 0.1}\ntrain: {epochs: 2}\n";
  double top1 = 0.9, images_per_s = 100;
  std::string reason = "finished";
};

// Two log lines and two evaluations, of which the last is `top1` and the first a little better.
inline std::filesystem::path make_run(const std::filesystem::path& path, const FakeRun& run) {
  write(path / "config.yaml", run.config);
  std::string lines;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    lines += fmt::format(
        "{{\"time_s\":{0},\"epoch\":{1},\"step\":{2},\"split\":\"train\",\"loss\":{3},"
        "\"images_per_s\":{4},\"data_wait\":{5}}}\n"
        "{{\"time_s\":{0},\"epoch\":{1},\"step\":{2},\"split\":\"val\",\"loss\":{3},"
        "\"top1\":{6},\"top5\":1,\"ece\":0.05,\"images\":50}}\n",
        10 * epoch, epoch, 5 * epoch, 1.0 / epoch, run.images_per_s, 0.1 * epoch,
        run.top1 + (epoch == 1 ? 0.01 : 0));
  }
  write(path / "metrics.jsonl", lines);
  write(path / "summary.json",
        fmt::format("{{\"reason\":\"{}\",\"steps\":10,\"images_per_s\":{},\"peak_bytes\":1048576,"
                    "\"energy\":{{\"joules\":4000,\"kwh\":0.00111,\"method\":\"integral\"}}}}",
                    run.reason, run.images_per_s));
  return path;
}

}  // namespace stoker::test
