#include "stoker/data/idx_file.h"

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
#include "stoker/data/gzip.h"

namespace stoker::data {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 36;  // of the values of one file

// Reads sizes; returns how many bytes the whole file must have.
uint64_t read_header(IdxFile& file, Bytes head, const std::string& name, size_t dimensions) {
  const ByteReader reader(head, ByteOrder::kBig);
  constexpr uint32_t kUnsignedBytes = 0x0800;
  const auto expected = kUnsignedBytes | static_cast<uint32_t>(dimensions);
  const std::optional<uint32_t> magic = reader.u32(0);
  if (magic != expected)
    throw DataError(fmt::format(
        "{}: not an IDX file of unsigned bytes in {} dimensions: it starts with {:#010x}, expected "
        "{:#010x}",
        name, dimensions, magic.value_or(0), expected));
  uint64_t values = 1;
  for (size_t d = 0; d < dimensions; ++d) {
    const std::optional<uint32_t> size = reader.u32(4 + 4 * d);
    if (!size || *size == 0 || values * *size > kMaxBytes)
      throw DataError(fmt::format("{}: the header's size {} at byte {} is {}", name, d, 4 + 4 * d,
                                  size ? fmt::format("{}", *size) : std::string("missing")));
    values *= *size;
    file.sizes.push_back(*size);
  }
  return 4 + 4 * dimensions + values;
}

}  // namespace

IdxFile read_idx(const std::filesystem::path& path, size_t dimensions) {
  const std::string name = path.string();
  const MappedFile map(path);
  const Bytes raw = map.bytes();
  const size_t head_bytes = 4 + 4 * dimensions;
  const bool packed = is_gzip(raw);
  const std::vector<std::byte> unpacked_head =
      packed ? unzip(raw, name, head_bytes) : std::vector<std::byte>();
  IdxFile file;
  const uint64_t bytes = read_header(file, packed ? Bytes(unpacked_head) : raw, name, dimensions);
  constexpr uint64_t kMaxDeflateRatio = 1032;
  const bool possible = !packed || bytes / kMaxDeflateRatio <= raw.size();
  // One byte more than expected shows a file that is too long.
  if (packed && possible) file.content = unzip(raw, name, bytes + 1);
  if (!packed) file.content.assign(raw.begin(), raw.end());
  if (!map.is_whole()) throw DataError(fmt::format("{}: cut short while it was read", name));
  if (file.content.size() != bytes)
    throw DataError(
        fmt::format("{}: the header promises {} bytes, the file holds {}", name, bytes,
                    file.content.size() > bytes ? "more" : fmt::format("{}", file.content.size())));
  return file;
}

}  // namespace stoker::data
