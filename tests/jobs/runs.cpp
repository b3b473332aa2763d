#include "jobs/runs.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "stoker/callbacks/columns.h"
#include "stoker/config/config.h"
#include "stoker/core/log.h"
#include "stoker/data/make_shapes.h"
#include "stoker/data/table.h"
#include "stoker/pack/pack.h"
#include "stoker/run/load.h"
#include "stoker/run/resume.h"
#include "stoker/train/checkpoint_compare.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::test {

namespace {

// Bytes that look like noise and are the same each time.
std::string noise(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525u + 1013904223u) >> 24);
  return bytes;
}

std::string cifar_records(int64_t count, uint32_t seed) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(i % 10);
    bytes += noise(3072, seed + static_cast<uint32_t>(i));
  }
  return bytes;
}

std::string idx_header(std::initializer_list<uint32_t> sizes) {
  std::string bytes{0, 0, 8, static_cast<char>(sizes.size())};
  for (const uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes;
}

void write_idx(const fs::path& folder, const std::string& prefix, int64_t count) {
  const auto n = static_cast<uint32_t>(count);
  write(folder / (prefix + "-images-idx3-ubyte"), idx_header({n, 32, 32}) + noise(n * 1024, n));
  std::string labels = idx_header({n});
  for (uint32_t i = 0; i < n; ++i) labels += static_cast<char>(i % 10);
  write(folder / (prefix + "-labels-idx1-ubyte"), labels);
}

void write_manifest(const fs::path& folder, const std::string& split) {
  std::string text = "path,label\n";
  for (const auto& file : fs::recursive_directory_iterator(folder / split)) {
    if (!file.is_regular_file()) continue;
    text += fs::relative(file.path(), folder).string() + "," +
            file.path().parent_path().filename().string() + "\n";
  }
  write(folder / (split + ".csv"), text);
}

const Overrides kAugment{
    "augment=[pad_crop: {size: 32, pad: 2}, flip: {horizontal: random}, "
    "normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}]"};

}  // namespace

Overrides make_data(const std::string& format, const fs::path& folder) {
  const std::string root = "data.root=" + folder.string();
  if (format == "shapes") {
    return {"data.format=shapes", fmt::format("data.format.train_images={}", kTrainImages),
            fmt::format("data.format.val_images={}", kValImages)};
  }
  if (format == "image_folder" || format == "csv") {
    if (!fs::exists(folder)) {
      data::write_shapes(folder, {.train_images = kTrainImages, .val_images = kValImages});
    }
    if (format == "image_folder") return {"data.format=image_folder", root};
    write_manifest(folder, "train");
    write_manifest(folder, "val");
    return {"data.format=csv", root, "data.train=train.csv", "data.val=val.csv"};
  }
  if (format == "cifar") {
    for (int b = 1; b <= 5; ++b) {
      write(folder / fmt::format("data_batch_{}.bin", b), cifar_records(kTrainImages / 5, 31 * b));
    }
    write(folder / "test_batch.bin", cifar_records(kValImages, 7));
    return {"data.format=cifar", root};
  }
  if (format == "idx") {
    write_idx(folder, "train", kTrainImages);
    write_idx(folder, "t10k", kValImages);
    return {"data.format=idx", root};
  }
  if (format == "shards") {
    if (!fs::exists(folder)) {
      const auto split = [](data::Split which) {
        data::DataOptions options{.format = data::formats().pick("shapes")};
        auto& shapes = options.format.as<data::ShapesFormat>();
        shapes.train_images = kTrainImages;
        shapes.val_images = kValImages;
        return data::open_dataset(options, which);
      };
      const std::vector<pack::PackSplit> splits{{"train", split(data::Split::kTrain)},
                                                {"val", split(data::Split::kVal)}};
      pack::pack(splits, folder, {.shards = 2, .threads = 1});
    }
    return {"data.format=shards", root};
  }
  FAIL("make_data() has to learn the data format " << format);
  return {};
}

Overrides small_run(const fs::path& dir) {
  Overrides overrides{"name=run",
                      "run.dir=" + dir.string(),
                      "device=cpu",
                      "train.epochs=3",
                      "train.batch_size=8",
                      "train.precision=fp32",
                      "eval.batch_size=7",
                      "model={name: mlp, hidden: [12], dropout: 0.1}",
                      "log.every_steps=4",
                      "log.tensorboard=false",
                      "checkpoint.every_steps=4"};
  overrides.insert(overrides.end(), kAugment.begin(), kAugment.end());
  return overrides;
}

Done run_once(const Overrides& overrides, const fs::path& resume,
              std::unique_ptr<train::Callback> stop, FileSystem* files) {
  log().set_level(spdlog::level::err);
  auto loaded = config::load_overrides<run::RunConfig>(overrides);
  jobs::TrainingRequest request{.config = loaded.options, .files = files};
  if (!resume.empty()) {
    request.resume = runs::find_resume_point(resume);
    run::check_resume(*request.resume, request.config);
  }
  if (stop) request.callbacks.push_back(std::move(stop));
  struct Calm {
    ~Calm() { set_interrupt(0); }
  } calm_afterwards;
  const jobs::TrainingResult result = jobs::run_training(std::move(request));
  return {result.reason, result.folder.value()};
}

std::vector<std::string> metric_lines(const runs::RunFolder& folder) {
  std::vector<std::string> lines;
  std::istringstream text(read_file(folder.metrics()));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(callbacks::without_clocks(nlohmann::ordered_json::parse(line)).dump());
  }
  return lines;
}

std::vector<std::string> differences(const runs::RunFolder& expected,
                                     const runs::RunFolder& actual) {
  const auto newest = [](const runs::RunFolder& folder) {
    const auto whole = runs::newest_whole(folder.checkpoints());
    REQUIRE(whole.has_value());
    return train::read_checkpoint(*whole);
  };
  std::vector<std::string> lines = train::differences(newest(expected), newest(actual));
  const auto wanted = metric_lines(expected), found = metric_lines(actual);
  for (size_t i = 0; i < std::max(wanted.size(), found.size()); ++i) {
    const std::string a = i < wanted.size() ? wanted[i] : "none";
    const std::string b = i < found.size() ? found[i] : "none";
    if (a != b) lines.push_back(fmt::format("metrics.jsonl:{}: {}, expected {}", i + 1, b, a));
  }
  return lines;
}

}  // namespace stoker::test
