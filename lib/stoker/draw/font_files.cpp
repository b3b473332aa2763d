#include "stoker/draw/font_files.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>

namespace stoker::draw {
namespace {

namespace fs = std::filesystem;

bool is_font(const fs::path& path) {
  const std::string end = path.extension().string();
  return end == ".ttf" || end == ".otf" || end == ".ttc";
}

bool has(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

int rank(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == "DejaVuSans.ttf") return 0;
  for (const char* special : {"Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Condensed"})
    if (has(name, special)) return 5;
  if (has(name, "Mono") || has(name, "Serif") || has(name, "Math")) return 4;
  if (name.starts_with("NotoSans-")) return 1;
  if (has(name, "NotoSans")) return 2;
  return has(name, "Sans") ? 3 : 4;
}

}  // namespace

std::vector<fs::path> font_folders() {
  std::vector<fs::path> folders;
  if (const char* data = std::getenv("XDG_DATA_HOME")) folders.push_back(fs::path(data) / "fonts");
  if (const char* home = std::getenv("HOME")) {
    folders.push_back(fs::path(home) / ".local/share/fonts");
    folders.push_back(fs::path(home) / ".fonts");
  }
  folders.push_back("/usr/local/share/fonts");
  folders.push_back("/usr/share/fonts");
  std::erase_if(folders, [](const fs::path& folder) {
    std::error_code ignored;
    return !folder.is_absolute() || !fs::is_directory(folder, ignored);
  });
  return folders;
}

std::vector<fs::path> font_files(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                        error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      std::error_code ignored;
      if (is_font(at->path()) && at->is_regular_file(ignored)) files.push_back(at->path());
    }
  }
  std::ranges::sort(files, {}, [](const fs::path& path) {
    return std::tuple(rank(path), path.filename().string(), path.string());
  });
  return files;
}

}  // namespace stoker::draw
