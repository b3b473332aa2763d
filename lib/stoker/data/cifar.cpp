#include "stoker/data/cifar.h"

#include <array>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kSide = 32;
constexpr size_t kPlaneBytes = size_t{kSide} * kSide;
constexpr size_t kPixelBytes = 3 * kPlaneBytes;

struct Layout {
  std::string_view folder;  // as the archive unpacks
  std::vector<std::string_view> train_files;
  std::string_view test_file;
  std::string_view names_file;
  size_t label_bytes;  // the last one counts
  size_t classes;
};

const std::array<Layout, 2>& layouts() {
  static const std::array<Layout, 2> kLayouts{
      Layout{"cifar-10-batches-bin",
             {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
              "data_batch_5.bin"},
             "test_batch.bin",
             "batches.meta.txt",
             1,
             10},
      Layout{"cifar-100-binary", {"train.bin"}, "test.bin", "fine_label_names.txt", 2, 100}};
  return kLayouts;
}

struct Place {
  fs::path folder;
  const Layout* layout;
};

// A folder counts if any of a set's files is there: what else is missing is then said by name.
std::optional<Place> find_place(const fs::path& root) {
  for (const Layout& layout : layouts())
    for (const fs::path& folder : {root, root / layout.folder})
      for (const std::string_view file : {layout.train_files[0], layout.test_file})
        if (fs::exists(folder / file)) return Place{folder, &layout};
  return std::nullopt;
}

std::vector<std::string> read_class_names(const Place& place) {
  const fs::path path = place.folder / place.layout->names_file;
  std::vector<std::string> names;
  if (fs::exists(path)) {
    const std::string text = read_file(path, 1 << 20);
    for (const std::string_view line : text_lines(text, path.string()))
      if (!trimmed(line).empty()) names.push_back(from_line(line));
    if (names.size() != place.layout->classes)
      throw DataError(fmt::format("{}: {} class names, expected {}", shown(path.string()),
                                  names.size(), place.layout->classes));
    return names;
  }
  for (size_t i = 0; i < place.layout->classes; ++i) names.push_back(std::to_string(i));
  return names;
}

class Cifar : public Dataset {
 public:
  Cifar(const Place& place, Split split)
      : label_bytes_(place.layout->label_bytes), classes_(read_class_names(place)) {
    if (split == Split::kVal) {
      add(place.folder / place.layout->test_file);
    } else {
      for (const std::string_view file : place.layout->train_files) add(place.folder / file);
    }
  }

  int64_t size() const override { return count_; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(int64_t index) const override {
    return static_cast<int64_t>(record(index)[label_bytes_ - 1]);
  }
  std::string name(int64_t index) const override {
    const File& file = file_of(index);
    return fmt::format("{}#{}", file.path.string(), index - file.first);
  }
  std::string key(int64_t index) const override {
    const File& file = file_of(index);
    return fmt::format("{}#{}", file.path.filename().string(), index - file.first);
  }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    scratch.resize(std::max(scratch.size(), kPixelBytes));
    const std::byte* planes = record(index).data() + label_bytes_;
    for (size_t i = 0; i < kPlaneBytes; ++i)
      for (size_t c = 0; c < 3; ++c) scratch[3 * i + c] = planes[c * kPlaneBytes + i];
    const auto* pixels = reinterpret_cast<const uint8_t*>(scratch.data());
    return {.pixels = {pixels, kSide, kSide, 3, 3 * kSide}};
  }
  bool gains_from_cache() const override { return false; }
  void confirm(int64_t index) const override {
    if (!file_of(index).map.is_whole())
      throw DataError(
          fmt::format("{}: the file was cut short since it was opened", shown(name(index))));
  }

 private:
  struct File {
    fs::path path;
    MappedFile map;
    int64_t first;  // index of its first record
  };

  size_t record_bytes() const { return label_bytes_ + kPixelBytes; }

  void add(const fs::path& path) {
    if (!fs::exists(path))
      throw DataError(fmt::format("{}: not there; `stoker data get {}` fetches the set",
                                  shown(path.string()),
                                  classes_.size() == 10 ? "cifar10" : "cifar100"));
    MappedFile map(path);
    const size_t bytes = map.bytes().size();
    if (bytes == 0 || bytes % record_bytes() != 0)
      throw DataError(
          fmt::format("{}: {} bytes are no multiple of the {} of one image: the file "
                      "is truncated or of another format",
                      shown(path.string()), bytes, record_bytes()));
    const auto records = static_cast<int64_t>(bytes / record_bytes());
    files_.push_back({path, std::move(map), count_});
    count_ += records;
    for (int64_t i = files_.back().first; i < count_; ++i)
      if (label(i) >= static_cast<int64_t>(classes_.size()))
        throw DataError(
            fmt::format("{}: label {} at byte {}, expected 0 to {}", shown(path.string()), label(i),
                        (i - files_.back().first) * record_bytes(), classes_.size() - 1));
  }

  const File& file_of(int64_t index) const {
    size_t i = files_.size() - 1;
    while (files_[i].first > index) --i;
    return files_[i];
  }
  Bytes record(int64_t index) const {
    const File& file = file_of(index);
    return file.map.bytes().subspan(static_cast<size_t>(index - file.first) * record_bytes(),
                                    record_bytes());
  }

  size_t label_bytes_;
  std::vector<std::string> classes_;
  std::vector<File> files_;
  int64_t count_ = 0;
};

}  // namespace

bool is_cifar(const fs::path& root) { return find_place(root).has_value(); }

std::shared_ptr<const Dataset> open_cifar(const fs::path& root, Split split) {
  const std::optional<Place> place = find_place(root);
  if (!place)
    throw DataError(fmt::format(
        "{}: neither CIFAR-10 (data_batch_1.bin … data_batch_5.bin, test_batch.bin) nor CIFAR-100 "
        "(train.bin, test.bin) in their binary version is there; `stoker data get cifar10` or "
        "`cifar100` fetches them",
        shown(root.string())));
  return std::make_shared<Cifar>(*place, split);
}

}  // namespace stoker::data
