#include "stoker/data/image_folder.h"

#include <algorithm>
#include <map>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/parallel.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/folder_scan.h"
#include "stoker/data/sample_file.h"
#include "stoker/data/split_names.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

class ImageFolder : public Dataset {
 public:
  ImageFolder(const fs::path& root, std::vector<std::string> classes)
      : root_bytes_((root / "").native().size()), classes_(std::move(classes)) {}

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
  std::string key(int64_t index) const override { return name(index).substr(root_bytes_); }
  std::vector<std::string> notes() const override { return notes_; }
  void add_note(std::string note) { notes_.push_back(std::move(note)); }
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

  size_t root_bytes_;  // of the path of the root, with the slash at its end
  std::vector<std::string> classes_, notes_;
  std::vector<Folder> folders_;
  std::vector<Sample> samples_;
  std::string names_;  // all file names, one after another
};

// ": 12 files are images in formats that …", or "".
std::string not_read_in(const std::vector<ScannedFolder>& folders) {
  size_t count = 0;
  std::string first;
  for (const ScannedFolder& folder : folders) {
    if (count == 0 && !folder.not_read.empty())
      first = shown((folder.path / folder.not_read.front()).string());
    count += folder.not_read.size();
  }
  if (count == 0) return "";
  return fmt::format(
      ": {} files are images by their names, but in formats that are not read, such as {}: they "
      "are left out; convert them to JPEG or PNG",
      count, first);
}

// Where root should be one level up, every image would get the class "train".
void check_not_splits(const fs::path& root, const std::vector<std::string>& folders) {
  if (!std::ranges::all_of(folders,
                           [](const std::string& name) { return split_named(name).has_value(); }))
    return;
  const auto train = std::ranges::find(folders, NamedSplit::kTrain,
                                       [](const std::string& name) { return *split_named(name); });
  const std::vector<std::string_view> names(folders.begin(), folders.end());
  throw DataError(fmt::format(
      "{}: the class folders are called {}, which are splits by their names. data.root is the "
      "folder that holds them, data.train and data.val name which is which (here data.train: {}), "
      "and each holds one sub-folder of images per class",
      shown(root.string()), shown(join(names, ", ")),
      shown(train == folders.end() ? folders[0] : *train)));
}

void check_folder(const fs::path& root) {
  std::error_code error;
  if (fs::is_directory(root, error)) return;
  if (error && error != std::errc::no_such_file_or_directory)
    throw DataError(
        fmt::format("{}: the folder cannot be reached: {}", shown(root.string()), error.message()));
  throw DataError(fmt::format(
      "{}: no such folder. The format image_folder expects one sub-folder of images per class "
      "there. `stoker data make shapes DIR` writes such a set, `stoker data get cifar10` fetches a "
      "real one",
      shown(root.string())));
}

// Label by class name; unknown class folders are refused.
int64_t label_of(const std::string& folder, const std::map<std::string, int64_t>& labels,
                 const fs::path& root) {
  const auto found = labels.find(folder);
  if (found != labels.end()) return found->second;
  throw DataError(fmt::format("{}: the class \"{}\" is not one of the {} classes trained on",
                              shown((root / folder).string()), shown(folder), labels.size()));
}

}  // namespace

std::vector<std::string> list_classes(const fs::path& root) {
  check_folder(root);
  std::vector<std::string> classes = list_folders(root);
  if (!classes.empty()) {
    check_not_splits(root, classes);
    return classes;
  }
  size_t images = 0;
  for (const ScannedFolder& folder : scan_images(root)) images += folder.files.size();
  throw DataError(fmt::format(
      "{}: no class folders: image_folder expects one sub-folder of images per class, found {}",
      shown(root.string()),
      images ? fmt::format("{} images side by side", images) : std::string("no images")));
}

std::shared_ptr<const Dataset> open_image_folder(const fs::path& root,
                                                 std::vector<std::string> classes,
                                                 EmptyFolders empty) {
  const std::vector<std::string> folders = list_classes(root);
  std::map<std::string, int64_t> labels;
  for (const std::string& name : classes) labels.emplace(name, static_cast<int64_t>(labels.size()));
  std::vector<std::vector<ScannedFolder>> scanned(folders.size());
  parallel_for(static_cast<int64_t>(folders.size()), usable_cpus(), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    scanned[at] = scan_images(root / folders[at]);
  });
  std::vector<ScannedFolder> not_read;
  auto dataset = std::make_shared<ImageFolder>(root, std::move(classes));
  for (size_t i = 0; i < folders.size(); ++i) {
    const bool has_images = std::ranges::any_of(
        scanned[i], [](const ScannedFolder& folder) { return !folder.files.empty(); });
    // Where an empty folder is as good as none, its name does not matter.
    const bool is_needed = has_images || empty == EmptyFolders::kRefused;
    const int64_t label = is_needed ? label_of(folders[i], labels, root) : -1;
    for (const ScannedFolder& folder : scanned[i])
      if (!folder.files.empty()) dataset->add(folder, label);
    if (!has_images && empty == EmptyFolders::kRefused)
      throw DataError(fmt::format("{}: this class folder holds no images{}",
                                  shown((root / folders[i]).string()), not_read_in(scanned[i])));
    for (ScannedFolder& folder : scanned[i])
      if (!folder.not_read.empty()) not_read.push_back(std::move(folder));
  }
  if (dataset->size() == 0)
    throw DataError(fmt::format("{}: its class folders hold no images", shown(root.string())));
  if (const std::string what = not_read_in(not_read); !what.empty())
    dataset->add_note(fmt::format("{}{}", shown(root.string()), what));
  if (const int64_t beside = count_images_in(root); beside > 0)
    dataset->add_note(fmt::format(
        "{}: {} images lie beside the class folders and belong to no class: they are not used",
        shown(root.string()), beside));
  return dataset;
}

}  // namespace stoker::data
