#include "stoker/runs/destination.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/utf8.h"

namespace stoker::runs {

namespace fs = std::filesystem;

namespace {

// The folder, or what of its path is there already.
fs::path existing_part(fs::path folder) {
  std::error_code none;
  while (!fs::exists(folder, none) && folder.has_parent_path() && folder.parent_path() != folder) {
    folder = folder.parent_path();
  }
  return fs::exists(folder, none) ? folder : fs::path(".");
}

}  // namespace

void check_name(const std::string& name) {
  bool is_plain = name != "." && name != ".." && name.find('/') == std::string::npos;
  for (std::string_view rest = name; is_plain && !rest.empty();) {
    const size_t length = utf8_length(rest);
    is_plain = length > 0 && !is_control(rest, length);
    rest.remove_prefix(std::max<size_t>(length, 1));
  }
  if (is_plain) return;
  throw ConfigError(
      fmt::format("name: read \"{}\", expected the name of a folder, without / and control "
                  "characters; run.dir says where it is.",
                  shown(name)));
}

void check_destination(std::string_view key, const fs::path& folder) {
  const fs::path there = existing_part(folder);
  const auto refuse = [&](std::string_view problem) {
    throw FileError(fmt::format("{}: {}: {}", key, folder.string(), problem));
  };
  if (!fs::is_directory(there))
    refuse(there == folder ? "is no folder" : fmt::format("{} is no folder", there.string()));
  std::string name = (there / ".stoker-probe-XXXXXX").string();
  const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.get() < 0)
    refuse(fmt::format("nothing can be written to {}: {}", there.string(), std::strerror(errno)));
  ::unlink(name.c_str());
  constexpr size_t kBlock_bytes = 4096;  // the least that a file takes on most disks
  std::array<char, kBlock_bytes> block{};
  const ssize_t written = ::write(file.get(), block.data(), block.size());
  if (written != std::ssize(block))
    refuse(fmt::format("nothing can be written to {}: {}", there.string(),
                       std::strerror(written < 0 ? errno : ENOSPC)));
}

}  // namespace stoker::runs
