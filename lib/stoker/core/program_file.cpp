#include "stoker/core/program_file.h"

namespace stoker {

ProgramFile find_program_file(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  ProgramFile found;
  for (const std::filesystem::path& place :
       {folder / "lib/stoker", folder.parent_path() / "lib/stoker", folder}) {
    const std::filesystem::path path = place / name;
    if (std::filesystem::exists(path)) {
      found.path = path;
      return found;
    }
    found.tried += "\n  " + path.string() + ": not there";
  }
  return found;
}

}  // namespace stoker
