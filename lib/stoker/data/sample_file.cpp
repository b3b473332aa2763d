#include "stoker/data/sample_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "stoker/core/descriptor.h"
#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"

namespace stoker::data {
namespace {

constexpr size_t kMaxFileBytes = size_t{2} << 30;

[[noreturn]] void fail_to_read(const std::filesystem::path& path, int error) {
  throw DataError(
      fmt::format("{}: cannot be read: {}", shown(path.string()), std::strerror(error)));
}

bool has_extension_of(std::string_view file_name, std::span<const std::string_view> extensions) {
  const size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return false;
  return std::ranges::find(extensions, lower_case(file_name.substr(dot + 1))) != extensions.end();
}

}  // namespace

bool has_image_extension(std::string_view file_name) {
  static constexpr std::array<std::string_view, 11> kExtensions{
      "jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "ppm", "pgm", "pbm", "gif"};
  return has_extension_of(file_name, kExtensions);
}

bool has_foreign_image_extension(std::string_view file_name) {
  static constexpr std::array<std::string_view, 20> kExtensions{
      "heic", "heif", "avif", "jxl", "jp2", "jfif", "jpe", "tga", "ico", "svg",
      "psd",  "exr",  "hdr",  "dng", "nef", "cr2",  "cr3", "arw", "orf", "rw2"};
  return has_extension_of(file_name, kExtensions);
}

Record read_sample_file(const std::filesystem::path& path, std::vector<std::byte>& scratch) {
  // Without O_NONBLOCK a named pipe called x.jpg would wait for a writer forever.
  const Descriptor file(open_retrying(path, O_RDONLY | O_NONBLOCK));
  if (file.get() < 0) fail_to_read(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_to_read(path, errno);
  if (!S_ISREG(status.st_mode))
    throw DataError(fmt::format("{}: not a regular file", shown(path.string())));
  const auto size = static_cast<size_t>(status.st_size);
  if (size > kMaxFileBytes)
    throw DataError(
        fmt::format("{}: {} bytes are too large for one image", shown(path.string()), size));
  if (scratch.size() < size) scratch.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), scratch.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to_read(path, errno);
    if (got == 0) break;  // it shrank meanwhile; the decoder says what is missing
    done += static_cast<size_t>(got);
  }
  return {.encoded = Bytes(scratch.data(), done)};
}

}  // namespace stoker::data
