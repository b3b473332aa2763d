// Writes the procedural data set `shapes` as an image folder of PNG files.
#pragma once

#include <filesystem>

namespace stoker::data {

struct MakeShapesOptions {
  int64_t train_images = 8000;
  int64_t val_images = 2000;
  int64_t size = 32;
  uint64_t seed = 0;
  int64_t most_figures = 0;  // as ShapesOptions has it
};

// folder/train/<class>/000001.png and folder/val/<class>/…; with several figures an image
// folder/train/000001.png and folder/train.csv, whose column `labels` names them. Throws DataError
// if `folder` exists and holds anything, FileError if it cannot be written.
void write_shapes(const std::filesystem::path& folder, const MakeShapesOptions& options);

}  // namespace stoker::data
