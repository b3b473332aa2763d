#include "stoker/data/make_shapes.h"

#include <fstream>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/parallel.h"
#include "stoker/core/shown.h"
#include "stoker/data/shapes.h"
#include "stoker/decode/decode.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

// Without an fsync each: the folder is renamed into place when all is written.
void write_plainly(const fs::path& path, Bytes bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out)
    throw FileError(fmt::format("{}: cannot be written: is the disk full?", shown(path.string())));
}

// Of the image, below the folder of its split.
fs::path place_of(const Dataset& dataset, int64_t i) {
  fs::path file = fmt::format("{:06}.png", i);
  if (dataset.is_multilabel()) return file;
  return fs::path(dataset.class_names()[static_cast<size_t>(dataset.label(i))]) / file;
}

void write_labels(const fs::path& path, const Dataset& dataset) {
  std::string text = "path,labels\n";
  for (int64_t i = 0; i < dataset.size(); ++i) {
    std::string names;
    for (const int32_t label : dataset.labels(i))
      names += (names.empty() ? "" : "|") + dataset.class_names()[static_cast<size_t>(label)];
    text += fmt::format("{}/{},{}\n", path.stem().string(), place_of(dataset, i).string(), names);
  }
  write_plainly(path, as_bytes(text));
}

void write_split(const fs::path& folder, const ShapesOptions& options) {
  const std::shared_ptr<const Dataset> dataset = make_shapes_dataset(options);
  real_file_system().make_directories(folder);
  if (dataset->is_multilabel()) {
    write_labels(folder.string() + ".csv", *dataset);
  } else {
    for (const std::string& name : dataset->class_names())
      real_file_system().make_directories(folder / name);
  }
  constexpr int64_t kBlock = 64;
  parallel_for(
      dataset->size(), usable_cpus(),
      [&](int64_t i) {
        std::vector<std::byte> scratch;
        const Record record = dataset->get(i, scratch);
        write_plainly(folder / place_of(*dataset, i), decode::encode_png(record.pixels));
      },
      kBlock);
}

}  // namespace

void write_shapes(const fs::path& folder, const MakeShapesOptions& options) {
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
    throw DataError(fmt::format("{}: already there; name a folder that does not exist yet",
                                shown(folder.string())));
  const fs::path unfinished = folder.string() + ".unfinished";
  real_file_system().remove_all(unfinished);
  ShapesOptions shapes{.images = options.train_images,
                       .size = static_cast<int32_t>(options.size),
                       .seed = options.seed,
                       .most_figures = options.most_figures};
  write_split(unfinished / "train", shapes);
  shapes.images = options.val_images;
  shapes.split = Split::kVal;
  write_split(unfinished / "val", shapes);
  if (fs::exists(folder)) fs::remove(folder);
  real_file_system().rename(unfinished, folder);
}

}  // namespace stoker::data
