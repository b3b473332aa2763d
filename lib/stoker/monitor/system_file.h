// Small files of /proc and /sys, read again and again without an allocation.
//
//   SystemFile file(root / "proc/self/statm");
//   if (const auto text = file.read()) pages = number_at(*text, 1);
//   periods = number_after(*text, "nr_periods");
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stoker::monitor {

class SystemFile {
 public:
  explicit SystemFile(const std::filesystem::path& path) : path_(path.string()) {}
  // The first 4 KiB; good until the next read(). Nothing where it cannot be read.
  std::optional<std::string_view> read();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::array<char, 4096> text_{};
};

// The whole number at this place among the words of the first line: 0 is the first word.
std::optional<int64_t> number_at(std::string_view text, size_t word);
// The whole number behind a word that begins a line.
std::optional<int64_t> number_after(std::string_view text, std::string_view word);

}  // namespace stoker::monitor
