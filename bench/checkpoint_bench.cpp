// What a checkpoint costs a run: the copy, the wait beyond it, the writing beside dd, and the time
// that training loses while a checkpoint is written in the background, beside training after the
// copy alone.
//
//   checkpoint_bench FOLDER [model [repetitions]]     (resnet50 with SGD and momentum, 205 MB, 7)
//
// FOLDER is made, on the disk to measure, and removed. Everything is measured in turn; medians and
// ratios are printed. Training is that of the model on 8 images of 64x64, which is not made for
// accuracy but for keeping all cores busy.
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "stoker/core/cpu.h"
#include "stoker/models/model.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/optim/optimizer.h"
#include "stoker/train/checkpoint_writer.h"
#include "stoker/weights/state_dict.h"
#include "tool_main.h"

namespace {

using namespace stoker;
namespace fs = std::filesystem;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double processor_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// A model with its optimizer, and steps that train it.
struct Training {
  std::shared_ptr<models::Model> model;
  std::unique_ptr<optim::Optimizer> optimizer;
  at::Tensor images = at::randn({8, 3, 64, 64}).contiguous(at::MemoryFormat::ChannelsLast);

  explicit Training(const std::string& name)
      : model(models::models().build(models::models().pick(name),
                                     {.classes = 1000, .channels = 3, .height = 64, .width = 64})) {
    for (at::Tensor& parameter : model->parameters()) {
      if (parameter.dim() != 4) continue;
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
    optim::NamedTensors parameters;
    for (const auto& item : model->named_parameters()) {
      parameters.emplace_back(item.key(), item.value());
    }
    optimizer = optim::optimizers().build(optim::optimizers().pick("sgd"),
                                          optim::make_groups(parameters, {}));
  }

  void step() {
    model->forward(images).square().mean().backward();
    optimizer->step({.lr_factor = 1e-3});
    optimizer->zero_grad();
  }
  train::CheckpointContent content() {
    return {.model = weights::state_dict(*model),
            .optimizer = optimizer->state(),
            .state_json = "{}\n",
            .config_yaml = "name: bench\n"};
  }
};

void check(const std::optional<train::CheckpointWriter::Result>& result) {
  if (result && result->error) std::rethrow_exception(result->error);
}

struct Times {
  std::vector<double> copy, start, write, dd, with, without, processor;
};

void measure(Training& training, const fs::path& folder, int64_t bytes, size_t repetitions,
             Times& times) {
  train::CheckpointStore store(real_file_system(), folder / "checkpoints");
  store.create();
  train::CheckpointWriter writer(store, {.last = 1, .best = 0});
  train::CheckpointImage image;
  const std::string dd =
      fmt::format("dd if=/dev/zero of='{}' bs=1M count={} conv=fsync 2>/dev/null",
                  (folder / "dd").string(), (bytes + (1 << 20) - 1) >> 20);
  const auto train = [&](int steps) {
    for (int i = 0; i < steps; ++i) training.step();
  };
  int64_t step = 0;
  const auto save = [&] { writer.start(++step, training.content()); };
  image.fill(training.content());  // the first ones pay for their memory
  save();
  check(writer.wait());
  const double one = seconds([&] { train(3); }) / 3;
  const int steps = std::max(3, static_cast<int>(2.0 / one));  // longer than a save takes
  for (size_t i = 0; i < repetitions; ++i) {
    times.copy.push_back(seconds([&] { image.fill(training.content()); }));
    times.start.push_back(seconds(save));
    check(writer.wait());
    const double before = processor_s();
    times.write.push_back(seconds([&] {
      save();
      check(writer.wait());
    }));
    times.processor.push_back(processor_s() - before);
    times.dd.push_back(seconds([&] {
      if (std::system(dd.c_str()) != 0) std::abort();
    }));
    // Both copy, so that what a copy does to the caches is no part of the difference.
    const auto without = [&] {
      image.fill(training.content());
      train(steps);
    };
    const auto with = [&] {
      save();
      train(steps);
    };
    const bool with_first = i % 2 == 1;
    if (with_first) times.with.push_back(seconds(with));
    check(writer.wait());
    times.without.push_back(seconds(without));
    if (!with_first) times.with.push_back(seconds(with));
    check(writer.wait());
  }
}

void print(const Times& times, int64_t bytes) {
  const double copy = median(times.copy), start = median(times.start);
  const double write = median(times.write), dd = median(times.dd);
  std::vector<double> delay;
  for (size_t i = 0; i < times.with.size(); ++i) {
    delay.push_back(times.with[i] - times.without[i]);
  }
  fmt::print("{:.1f} MB, median of {}\n", double(bytes) / 1e6, times.copy.size());
  fmt::print("copy                         {:7.1f} ms\n", 1e3 * copy);
  fmt::print("the loop waits beyond it     {:7.1f} ms\n", 1e3 * (start - copy));
  fmt::print("training loses beyond it     {:7.1f} ms in {:.2f} s of steps\n", 1e3 * median(delay),
             median(times.without));
  fmt::print("copy and writing             {:7.1f} ms\n", 1e3 * write);
  fmt::print("dd conv=fsync                {:7.1f} ms\n", 1e3 * dd);
  fmt::print("ratio                        {:7.2f}\n", write / dd);
  fmt::print("processor time of all of it  {:7.1f} ms\n", 1e3 * median(times.processor));
}

int run(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: checkpoint_bench FOLDER [model [repetitions]]\n");
    return 2;
  }
  const fs::path folder = argv[1];
  at::set_num_threads(usable_cpus());
  ops::keep_cpu_memory();
  Training training(argc > 2 ? argv[2] : "resnet50");
  int64_t bytes = 0;
  const train::CheckpointContent content = training.content();
  for (const auto* tensors : {&content.model, &content.optimizer}) {
    for (const auto& [name, tensor] : *tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  }
  Times times;
  const size_t repetitions = argc > 3 ? std::stoul(argv[3]) : 7;
  measure(training, folder, bytes, repetitions, times);
  print(times, bytes);
  fs::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return bench::tool_main(run, argc, argv); }
