#include "stoker/monitor/system_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace stoker::monitor {

namespace {

constexpr std::string_view kBlank = " \t";

std::optional<int64_t> number_of(std::string_view word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc{} && end != word.data() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> SystemFile::read() {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  size_t size = 0;
  while (size < text_.size()) {
    const ssize_t got = ::read(fd, text_.data() + size, text_.size() - size);
    if (got <= 0) break;
    size += static_cast<size_t>(got);
  }
  ::close(fd);
  if (size == 0) return std::nullopt;
  return std::string_view(text_.data(), size);
}

std::optional<int64_t> number_at(std::string_view text, size_t word) {
  text = text.substr(0, text.find('\n'));
  for (size_t i = 0;; ++i) {
    const size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    const size_t end = text.find_first_of(kBlank);
    if (i == word) return number_of(text.substr(0, end));
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end);
  }
}

std::optional<int64_t> number_after(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(word) && line.size() > word.size() &&
        (line[word.size()] == ' ' || line[word.size()] == ':')) {
      const size_t begin = line.find_first_not_of(" \t:", word.size());
      return begin == std::string_view::npos ? std::nullopt : number_of(line.substr(begin));
    }
    if (line.size() == text.size()) break;
    text.remove_prefix(line.size() + 1);
  }
  return std::nullopt;
}

}  // namespace stoker::monitor
