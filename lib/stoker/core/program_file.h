// Files that belong to the program: in lib/stoker beside it (a build) or beside its folder (an
// installation), or in its own folder.
//
//   const ProgramFile module = find_program_file("libstoker_opencv.so");
//   if (!module.path) throw DataError("not found:" + module.tried);
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace stoker {

struct ProgramFile {
  std::optional<std::filesystem::path> path;
  std::string tried;  // "\n  PATH: not there" for each place without it
};
ProgramFile find_program_file(const std::string& name);

}  // namespace stoker
