#include "stoker/data/idx.h"

#include <algorithm>
#include <array>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/data/idx_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

std::string_view prefix(Split split) { return split == Split::kTrain ? "train" : "t10k"; }

// train-images-idx3-ubyte, also with a dot before idx3 as some copies have it, plain or gzipped.
std::optional<fs::path> find_file(const fs::path& root, Split split, std::string_view what) {
  const std::string_view kind = what == "images" ? "idx3" : "idx1";
  for (const fs::path& folder : {root, root / "raw", root / "MNIST/raw"})
    for (const char* separator : {"-", "."})
      for (const char* ending : {"", ".gz"}) {
        fs::path path =
            folder / fmt::format("{}-{}{}{}-ubyte{}", prefix(split), what, separator, kind, ending);
        if (fs::exists(path)) return path;
      }
  return std::nullopt;
}

fs::path require_file(const fs::path& root, Split split, std::string_view what) {
  if (const std::optional<fs::path> path = find_file(root, split, what)) return *path;
  throw DataError(
      fmt::format("{}: no {}-{}-{}-ubyte, plain or .gz, is there; `stoker data get mnist` or "
                  "`fashion_mnist` fetches the set",
                  shown(root.string()), prefix(split), what, what == "images" ? "idx3" : "idx1"));
}

class Idx : public Dataset {
 public:
  Idx(const fs::path& images_path, const fs::path& labels_path, size_t classes)
      : path_(images_path), images_(read_idx(images_path, 3)), labels_(read_idx(labels_path, 1)) {
    if (images_.sizes[0] != labels_.sizes[0])
      throw DataError(fmt::format("{} holds {} images, but {} holds {} labels",
                                  shown(images_path.string()), images_.sizes[0],
                                  shown(labels_path.string()), labels_.sizes[0]));
    constexpr int64_t kMaxSide = 1 << 16;
    if (images_.sizes[1] > kMaxSide || images_.sizes[2] > kMaxSide)
      throw DataError(fmt::format("{}: images of {}x{} are too large", shown(images_path.string()),
                                  images_.sizes[2], images_.sizes[1]));
    const auto largest = static_cast<size_t>(*std::ranges::max_element(labels_.values()));
    if (classes == 0) classes = std::max<size_t>(largest + 1, 2);
    if (largest >= classes)
      throw DataError(fmt::format("{}: label {}, but the training labels end at {}",
                                  shown(labels_path.string()), largest, classes - 1));
    for (size_t i = 0; i < classes; ++i) classes_.push_back(std::to_string(i));
  }

  int64_t size() const override { return images_.sizes[0]; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(int64_t index) const override {
    return static_cast<int64_t>(labels_.values()[static_cast<size_t>(index)]);
  }
  std::string name(int64_t index) const override {
    return fmt::format("{}#{}", path_.string(), index);
  }
  std::string key(int64_t index) const override { return fmt::format("images#{}", index); }
  bool gains_from_cache() const override { return false; }
  Record get(int64_t index, std::vector<std::byte>&) const override {
    const auto height = static_cast<int32_t>(images_.sizes[1]);
    const auto width = static_cast<int32_t>(images_.sizes[2]);
    const auto* pixels =
        reinterpret_cast<const uint8_t*>(images_.values().data()) + index * int64_t{width} * height;
    return {.pixels = {pixels, width, height, 1, width}};
  }

 private:
  fs::path path_;
  IdxFile images_, labels_;
  std::vector<std::string> classes_;
};

}  // namespace

bool is_idx(const fs::path& root) {
  return find_file(root, Split::kTrain, "images") || find_file(root, Split::kVal, "images");
}

std::shared_ptr<const Dataset> open_idx(const fs::path& root, Split split) {
  size_t classes = 0;
  if (split == Split::kVal) {
    // As many classes as the training set has, whatever labels this split happens to hold.
    if (const auto train = find_file(root, Split::kTrain, "labels")) {
      const IdxFile labels = read_idx(*train, 1);
      classes = static_cast<size_t>(*std::ranges::max_element(labels.values())) + 1;
    }
  }
  return std::make_shared<Idx>(require_file(root, split, "images"),
                               require_file(root, split, "labels"), classes);
}

}  // namespace stoker::data
