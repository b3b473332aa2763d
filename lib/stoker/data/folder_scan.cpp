#include "stoker/data/folder_scan.h"

#include <algorithm>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const std::string& name) { return name.starts_with('.'); }

// Calls visit(name, is_folder) for each visible entry; a link counts as what it points to.
template <class Visit>
void for_each_entry(const fs::path& folder, const Visit& visit) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (is_hidden(name)) continue;
    std::error_code unreachable;
    const bool is_folder = entry->is_directory(unreachable);
    // Of an image that is told when it is read; what else may be a folder full of images.
    if (unreachable && entry->is_symlink() && !has_image_extension(name))
      throw DataError(fmt::format("{}: this link cannot be followed: {}. Mend or remove it",
                                  shown(entry->path().string()), unreachable.message()));
    visit(name, is_folder);
  }
  if (error)
    throw DataError(fmt::format("{}: the folder cannot be listed: {}", shown(folder.string()),
                                error.message()));
}

// `above`: the real paths of the folders that lead here.
void scan(const fs::path& folder, std::vector<fs::path>& above, std::vector<ScannedFolder>& found) {
  ScannedFolder here{folder, {}, {}};
  std::vector<std::string> folders;
  for_each_entry(folder, [&](const std::string& name, bool is_folder) {
    if (is_folder)
      folders.push_back(name);
    else if (has_image_extension(name))
      here.files.push_back(name);
    else if (has_foreign_image_extension(name))
      here.not_read.push_back(name);
  });
  std::sort(here.files.begin(), here.files.end());
  std::sort(here.not_read.begin(), here.not_read.end());
  if (!here.files.empty() || !here.not_read.empty()) found.push_back(std::move(here));
  for (const std::string& name : folders) {
    const fs::path below = folder / name;
    std::error_code gone;
    const fs::path real = fs::canonical(below, gone);
    if (gone)
      throw DataError(fmt::format("{}: the folder cannot be listed: {}", shown(below.string()),
                                  gone.message()));
    if (std::find(above.begin(), above.end(), real) != above.end())
      throw DataError(fmt::format("{}: this link leads back to {}, a folder that holds it",
                                  shown(below.string()), shown(real.string())));
    above.push_back(real);
    scan(below, above, found);
    above.pop_back();
  }
}

}  // namespace

std::vector<ScannedFolder> scan_images(const fs::path& root) {
  std::vector<ScannedFolder> found;
  std::error_code error;
  std::vector<fs::path> above{fs::canonical(root, error)};
  scan(root, above, found);
  std::sort(found.begin(), found.end(), [](const ScannedFolder& a, const ScannedFolder& b) {
    return a.path.native() < b.path.native();
  });
  return found;
}

int64_t count_images_in(const fs::path& folder) {
  int64_t count = 0;
  for_each_entry(folder, [&](const std::string& name, bool is_folder) {
    if (!is_folder && has_image_extension(name)) ++count;
  });
  return count;
}

std::vector<std::string> list_folders(const fs::path& root) {
  std::vector<std::string> names;
  for_each_entry(root, [&](const std::string& name, bool is_folder) {
    if (is_folder) names.push_back(name);
  });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace stoker::data
