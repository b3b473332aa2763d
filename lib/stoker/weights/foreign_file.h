// What a file is that was given as safetensors and is none: for a message that helps.
#pragma once

#include <filesystem>
#include <string>

#include "stoker/core/file.h"

namespace stoker::weights {

// A sentence or two about the file at `path` and the command that helps, by its first bytes: a
// pointer of git-lfs, a web page, what torch.save or Keras wrote, other text. "" for anything else.
std::string foreign_file(const std::filesystem::path& path, Bytes bytes);

}  // namespace stoker::weights
