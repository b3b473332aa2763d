#include "stoker/data/table.h"

#include <array>

#include "stoker/core/error.h"
#include "stoker/core/text.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/shapes.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

// Where the words of the options point.
fs::path place(const DataOptions& options, Split split) {
  if (options.root.empty())
    throw DataError(fmt::format(
        "data.root is not set: the format {} needs the folder of the data set. `stoker data get "
        "cifar10` fetches one, the format shapes needs none",
        options.format));
  return fs::path(options.root) / (split == Split::kTrain ? options.train : options.val);
}

std::shared_ptr<const Dataset> open_folder(const DataOptions& options, Split split) {
  // The labels of both splits are those of the training folder, whatever classes val lacks.
  return open_image_folder(place(options, split), list_classes(place(options, Split::kTrain)));
}

std::shared_ptr<const Dataset> open_shapes(const DataOptions& options, Split split) {
  return make_shapes_dataset(
      {.images = split == Split::kTrain ? options.shapes_train_images : options.shapes_val_images,
       .size = static_cast<int32_t>(options.shapes_size),
       .seed = static_cast<uint64_t>(options.shapes_seed),
       .split = split});
}

}  // namespace

std::span<const Format> formats() {
  static constexpr std::array kFormats{
      Format{"image_folder", "one sub-folder of images per class", open_folder, true},
      Format{"shapes", "procedural figures, made on the fly", open_shapes, true},
  };
  return kFormats;
}

std::shared_ptr<const Dataset> open_dataset(const DataOptions& options, Split split) {
  for (const Format& format : formats())
    if (format.name == options.format) return format.open(options, split);
  throw ConfigError(fmt::format("data.format: no such format: {}", options.format));
}

}  // namespace stoker::data
