#include "stoker/data/image_list.h"

#include <glob.h>

#include <algorithm>
#include <iterator>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/data/folder_scan.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {

namespace {

namespace fs = std::filesystem;

class ImageList : public Dataset {
 public:
  explicit ImageList(std::vector<fs::path> paths) : paths_(std::move(paths)) {}

  int64_t size() const override { return std::ssize(paths_); }
  int64_t label(int64_t index) const override { return index; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  std::string name(int64_t index) const override { return path(index).string(); }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return read_sample_file(path(index), scratch);
  }

 private:
  const fs::path& path(int64_t index) const { return paths_[static_cast<size_t>(index)]; }

  std::vector<fs::path> paths_;
  std::vector<std::string> class_names_;
};

std::vector<fs::path> images_below(const fs::path& root) {
  std::vector<fs::path> paths;
  for (const ScannedFolder& folder : scan_images(root)) {
    for (const std::string& file : folder.files) paths.push_back(folder.path / file);
  }
  if (paths.empty())
    throw DataError(fmt::format("{}: no images in this folder", shown(root.string())));
  return paths;
}

std::vector<fs::path> matches_of(const std::string& pattern) {
  glob_t found{};
  const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<fs::path> paths;
  if (result == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (paths.empty())
    throw DataError(fmt::format("{}: no file matches this pattern", shown(pattern)));
  return paths;
}

std::vector<fs::path> listed(std::istream& input, char separator) {
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  std::vector<fs::path> paths;
  if (separator == '\n') {
    if (text.find('\0') != std::string::npos)
      throw DataError(
          "the list on standard input holds zero bytes, expected a name a line; names that end in "
          "zeros, as `find -print0` writes them, need --null");
    for (const std::string_view line : text_lines(text, "the list on standard input"))
      if (!trimmed(line).empty()) paths.emplace_back(from_line(line));
    return paths;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(separator), rest.size());
    if (end > 0) paths.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return paths;
}

std::vector<fs::path> paths_of(const std::string& word, std::istream& input, char separator) {
  if (word == "-") return listed(input, separator);
  if (fs::is_directory(word)) return images_below(word);
  if (fs::exists(word)) return {word};
  if (word.find_first_of("*?[") != std::string::npos) return matches_of(word);
  return {word};
}

}  // namespace

std::vector<fs::path> find_images(std::span<const std::string> words, std::istream& input,
                                  char separator) {
  std::vector<fs::path> paths;
  for (const std::string& word : words) {
    for (fs::path& path : paths_of(word, input, separator)) paths.push_back(std::move(path));
  }
  return paths;
}

std::shared_ptr<const Dataset> open_image_list(std::vector<fs::path> paths) {
  return std::make_shared<ImageList>(std::move(paths));
}

}  // namespace stoker::data
