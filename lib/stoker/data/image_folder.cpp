#include "stoker/data/image_folder.h"

#include <algorithm>
#include <map>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/parallel.h"
#include "stoker/core/text.h"
#include "stoker/data/folder_scan.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

class ImageFolder : public Dataset {
 public:
  explicit ImageFolder(std::vector<std::string> classes) : classes_(std::move(classes)) {}

  void add(const ScannedFolder& folder, int64_t label) {
    STOKER_CHECK(folders_.size() < kMaxFolders, "{} folders", folders_.size());
    folders_.push_back({folder.path, label});
    for (const std::string& file : folder.files) {
      samples_.push_back({names_.size(), static_cast<uint32_t>(folders_.size() - 1)});
      names_ += file;
    }
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  int64_t label(int64_t index) const override { return folder_of(index).label; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  std::string name(int64_t index) const override { return path(index).string(); }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return read_sample_file(path(index), scratch);
  }

 private:
  struct Folder {
    fs::path path;
    int64_t label;
  };
  static constexpr size_t kMaxFolders = size_t{1} << 24;
  struct Sample {
    uint64_t name_begin : 40;
    uint64_t folder : 24;
  };

  const Folder& folder_of(int64_t index) const {
    return folders_[samples_[static_cast<size_t>(index)].folder];
  }
  fs::path path(int64_t index) const {
    const auto i = static_cast<size_t>(index);
    const size_t begin = samples_[i].name_begin;
    const size_t end = i + 1 < samples_.size() ? samples_[i + 1].name_begin : names_.size();
    return folder_of(index).path / std::string_view(names_).substr(begin, end - begin);
  }

  std::vector<std::string> classes_;
  std::vector<Folder> folders_;
  std::vector<Sample> samples_;
  std::string names_;  // all file names, one after another
};

void check_folder(const fs::path& root) {
  std::error_code error;
  if (fs::is_directory(root, error)) return;
  if (error && error != std::errc::no_such_file_or_directory)
    throw DataError(
        fmt::format("{}: the folder cannot be reached: {}", root.string(), error.message()));
  throw DataError(fmt::format(
      "{}: no such folder. The format image_folder expects one sub-folder of images per class "
      "there. `stoker data make shapes DIR` writes such a set, `stoker data get cifar10` fetches a "
      "real one",
      root.string()));
}

// Label by class name; unknown class folders are refused.
int64_t label_of(const std::string& folder, const std::map<std::string, int64_t>& labels,
                 const fs::path& root) {
  const auto found = labels.find(folder);
  if (found != labels.end()) return found->second;
  throw DataError(fmt::format("{}: the class \"{}\" is not one of the {} classes trained on",
                              (root / folder).string(), folder, labels.size()));
}

}  // namespace

std::vector<std::string> list_classes(const fs::path& root) {
  check_folder(root);
  std::vector<std::string> classes = list_folders(root);
  if (!classes.empty()) return classes;
  size_t images = 0;
  for (const ScannedFolder& folder : scan_images(root)) images += folder.files.size();
  throw DataError(fmt::format(
      "{}: no class folders: image_folder expects one sub-folder of images per class, found {}",
      root.string(),
      images ? fmt::format("{} images side by side", images) : std::string("no images")));
}

std::shared_ptr<const Dataset> open_image_folder(const fs::path& root,
                                                 std::vector<std::string> classes) {
  const std::vector<std::string> folders = list_classes(root);
  std::map<std::string, int64_t> labels;
  for (const std::string& name : classes) labels.emplace(name, static_cast<int64_t>(labels.size()));
  std::vector<std::vector<ScannedFolder>> scanned(folders.size());
  parallel_for(static_cast<int64_t>(folders.size()), usable_cpus(), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    scanned[at] = scan_images(root / folders[at]);
  });
  auto dataset = std::make_shared<ImageFolder>(std::move(classes));
  for (size_t i = 0; i < folders.size(); ++i) {
    const int64_t label = label_of(folders[i], labels, root);
    if (scanned[i].empty())
      throw DataError(
          fmt::format("{}: this class folder holds no images", (root / folders[i]).string()));
    for (const ScannedFolder& folder : scanned[i]) dataset->add(folder, label);
  }
  return dataset;
}

}  // namespace stoker::data
