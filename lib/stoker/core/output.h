// Files that a user asked for by name on the command line (--per-class, --confusion, --sheet):
// written where the name leads, as a shell's > would, and whole or not at all where that can be.
//
//   check_output("--per-class", path, OutputKind::kText);     // before the long work
//   write_output("--per-class", path, as_bytes(table));
//
// `-` is standard output. Through symbolic links the file they lead to is written; an existing pipe
// or device is written into, never replaced; everything else is replaced in one step. A terminal
// gets text as shown_message() has it.
#pragma once

#include <filesystem>
#include <string_view>

#include "stoker/core/file.h"

namespace stoker {

enum class OutputKind { kText, kBinary };

// "-", or another name of the file that standard output is.
bool is_standard_output(const std::filesystem::path& path);
// A pipe or device, whose name's extension says nothing.
bool is_special_file(const std::filesystem::path& path);

// What can be known before there is anything to write: throws ConfigError, naming the option, for a
// directory, a disk, a missing parent folder, and for bytes that no terminal can show on one.
void check_output(std::string_view option, const std::filesystem::path& path, OutputKind kind);

// Throws FileError, ConfigError as check_output(), and Interrupted while a named pipe without a
// reader is waited for.
void write_output(std::string_view option, const std::filesystem::path& path, Bytes bytes);

}  // namespace stoker
