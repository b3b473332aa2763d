#include "stoker/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::data {
namespace {

struct Inflater {
  z_stream stream{};

  Inflater() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw InternalError("zlib does not start");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

bool is_gzip(Bytes file) {
  return file.size() >= 2 && file[0] == std::byte{0x1F} && file[1] == std::byte{0x8B};
}

std::vector<std::byte> unzip(Bytes file, std::string_view name, size_t limit_bytes) {
  constexpr size_t kChunk = size_t{1} << 20;
  constexpr size_t kMaxFile = std::numeric_limits<uInt>::max();
  if (file.size() > kMaxFile)
    throw DataError(fmt::format("{}: a gzip file above 4 GiB; unpack it", shown(name)));
  Inflater inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(file.data()));
  stream.avail_in = static_cast<uInt>(file.size());
  std::vector<std::byte> out;
  size_t done = 0;
  while (done < limit_bytes) {
    out.resize(std::min(limit_bytes, std::max(2 * out.size(), kChunk)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    stream.avail_out = static_cast<uInt>(std::min<size_t>(out.size() - done, kMaxFile));
    const uInt room = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    done += room - stream.avail_out;
    if (status == Z_STREAM_END) break;
    if (status != Z_OK)
      throw DataError(fmt::format("{}: gzip data is {} at byte {} of {}", shown(name),
                                  stream.avail_in == 0 ? "truncated" : "damaged",
                                  file.size() - stream.avail_in, file.size()));
  }
  out.resize(done);
  return out;
}

}  // namespace stoker::data
