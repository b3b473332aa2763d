// Outline fonts of the system, in the order in which letters are looked for in them.
#pragma once

#include <filesystem>
#include <vector>

namespace stoker::draw {

// Where fonts are installed: of the user ($XDG_DATA_HOME, ~/.local/share/fonts, ~/.fonts) and of
// the system. Folders that are not there are left out.
std::vector<std::filesystem::path> font_folders();

// The .ttf, .otf and .ttc files below these folders: DejaVu Sans, Noto Sans, plain sans, the rest;
// each kind by name. Folders that cannot be read are passed over.
std::vector<std::filesystem::path> font_files(const std::vector<std::filesystem::path>& folders);

}  // namespace stoker::draw
