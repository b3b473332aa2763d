// Colors, palettes and rare kinds go through libtiff's own conversion to RGBA, whose colors are
// multiplied by alpha and scaled to 8 bits as alpha.h has it. It cuts 16-bit gray off instead of
// rounding and leaves gray unmultiplied, so gray is read sample by sample.
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/decode/alpha.h"
#include "stoker/decode/format_decoders.h"

namespace stoker::decode {
namespace {

struct Source {
  Bytes file;
  uint64_t position = 0;
  std::array<char, 200> reason{};  // the first
};

Source& source_of(thandle_t handle) { return *static_cast<Source*>(handle); }

tmsize_t read_bytes(thandle_t handle, void* out, tmsize_t count) {
  Source& source = source_of(handle);
  const uint64_t left =
      source.file.size() - std::min<uint64_t>(source.position, source.file.size());
  const uint64_t some = std::min(static_cast<uint64_t>(count), left);
  if (some > 0) std::memcpy(out, source.file.data() + source.position, some);
  source.position += some;
  return static_cast<tmsize_t>(some);
}
tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }
toff_t seek(thandle_t handle, toff_t offset, int whence) {
  Source& source = source_of(handle);
  if (whence == SEEK_CUR) offset += source.position;
  if (whence == SEEK_END) offset += source.file.size();
  return source.position = offset;
}
int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return source_of(handle).file.size(); }

int keep_reason(TIFF*, void* user, const char*, const char* format, va_list values) {
  auto& source = *static_cast<Source*>(user);
  if (source.reason[0] == '\0')
    std::vsnprintf(source.reason.data(), source.reason.size(), format, values);
  return 1;
}
int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }

class TiffReader {
 public:
  TiffReader(Bytes file, std::string_view name, const ForeignHeader& header);
  // One channel, alpha composited on black. False where the kind is another one's.
  bool read_gray(uint8_t* out);
  // ABGR in words, in the order of the stored rows.
  void read_colors(uint32_t* out);

 private:
  template <class T>
  T field(uint32_t tag, T otherwise) {
    T value = otherwise;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) == 1 ? value : otherwise;
  }
  [[noreturn]] void fail(std::string_view otherwise) {
    fail_to_decode(name_, header_,
                   source_.reason[0] != '\0' ? std::string_view(source_.reason.data()) : otherwise);
  }
  // Which sample of a pixel is unassociated alpha.
  std::optional<int> alpha_sample(int samples);
  // All values of one sample of the pixels, scaled to 8 bits.
  std::vector<uint8_t> plane(int sample, int samples);

  Source source_;
  std::string_view name_;
  const ForeignHeader& header_;
  int64_t memory_limit_;
  std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff_{nullptr, TIFFClose};
};

TiffReader::TiffReader(Bytes file, std::string_view name, const ForeignHeader& header)
    : source_{file}, name_(name), header_(header) {
  // For what a strip or tile may reasonably ask: a tile may be larger than the image.
  memory_limit_ = static_cast<int64_t>(64 * header.width * header.height) + (int64_t{64} << 20);
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), memory_limit_);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_reason, &source_);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore, nullptr);
  tiff_.reset(TIFFClientOpenExt("image", "rm", &source_, read_bytes, write_nothing, seek,
                                close_nothing, size_of, nullptr, nullptr, options.get()));
  if (!tiff_) fail("its directory is damaged");
  check_size(name, header, field<uint32_t>(TIFFTAG_IMAGEWIDTH, 0),
             field<uint32_t>(TIFFTAG_IMAGELENGTH, 0));
  const auto type = field<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (type != SAMPLEFORMAT_UINT && type != SAMPLEFORMAT_VOID)
    fail_to_decode(name, header, "pixels of another type than unsigned integers");
}

std::optional<int> TiffReader::alpha_sample(int samples) {
  uint16_t count = 0;
  uint16_t* kinds = nullptr;
  if (TIFFGetField(tiff_.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1) return std::nullopt;
  for (int i = 0; i < count; ++i)
    if (kinds[i] == EXTRASAMPLE_UNASSALPHA && samples - count + i > 0) return samples - count + i;
  return std::nullopt;
}

std::vector<uint8_t> TiffReader::plane(int sample, int samples) {
  const auto width = static_cast<uint32_t>(header_.width);
  const auto height = static_cast<uint32_t>(header_.height);
  const bool is_tiled = TIFFIsTiled(tiff_.get()) != 0;
  uint32_t block_width = width, block_height = field<uint32_t>(TIFFTAG_ROWSPERSTRIP, height);
  if (is_tiled) {
    block_width = field<uint32_t>(TIFFTAG_TILEWIDTH, 0);
    block_height = field<uint32_t>(TIFFTAG_TILELENGTH, 0);
  }
  block_height = is_tiled ? block_height : std::min(block_height, height);
  const bool is_apart = field<uint16_t>(TIFFTAG_PLANARCONFIG, 1) == PLANARCONFIG_SEPARATE;
  const size_t bytes = field<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1) / 8u;
  const size_t pixel_bytes = bytes * (is_apart ? 1u : static_cast<size_t>(samples));
  const tmsize_t block_bytes = is_tiled ? TIFFTileSize(tiff_.get()) : TIFFStripSize(tiff_.get());
  if (block_width == 0 || block_height == 0 || block_bytes <= 0 || block_bytes > memory_limit_ ||
      static_cast<uint64_t>(block_bytes) < uint64_t{block_width} * block_height * pixel_bytes)
    fail("its strips or tiles have no sensible size");
  std::vector<uint8_t> block(static_cast<size_t>(block_bytes));
  std::vector<uint8_t> values(size_t{width} * height);
  const auto plane_number = static_cast<uint16_t>(is_apart ? sample : 0);
  const size_t first = is_apart ? 0 : bytes * static_cast<size_t>(sample);
  for (uint32_t top = 0; top < height; top += block_height)
    for (uint32_t left = 0; left < width; left += block_width) {
      const uint32_t rows = std::min(block_height, height - top);
      const uint32_t columns = std::min(block_width, width - left);
      const auto needed = static_cast<tmsize_t>(size_t{block_width} * rows * pixel_bytes);
      const tmsize_t got =
          is_tiled
              ? TIFFReadEncodedTile(tiff_.get(),
                                    TIFFComputeTile(tiff_.get(), left, top, 0, plane_number),
                                    block.data(), block_bytes)
              : TIFFReadEncodedStrip(tiff_.get(), TIFFComputeStrip(tiff_.get(), top, plane_number),
                                     block.data(), block_bytes);
      if (got < needed) fail("the file is truncated");
      for (uint32_t y = 0; y < rows; ++y) {
        const uint8_t* in = block.data() + size_t{y} * block_width * pixel_bytes + first;
        uint8_t* out = values.data() + size_t{top + y} * width + left;
        for (uint32_t x = 0; x < columns; ++x, in += pixel_bytes) {
          uint16_t deep = 0;
          if (bytes == 2) std::memcpy(&deep, in, 2);  // libtiff has put it in our byte order
          out[x] = bytes == 1 ? *in : static_cast<uint8_t>((deep + 128u) / 257u);
        }
      }
    }
  return values;
}

bool TiffReader::read_gray(uint8_t* out) {
  const auto bits = field<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  const auto samples = field<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  const auto kind = field<uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  if (kind > PHOTOMETRIC_MINISBLACK || (bits != 8 && bits != 16)) return false;
  const std::optional<int> alpha = alpha_sample(samples);
  const std::vector<uint8_t> gray = plane(0, samples);
  const std::vector<uint8_t> opacity =
      alpha ? plane(*alpha, samples) : std::vector<uint8_t>(gray.size(), 255);
  const unsigned inverted = kind == PHOTOMETRIC_MINISWHITE ? 255 : 0;
  for (size_t i = 0; i < gray.size(); ++i) out[i] = on_black(gray[i] ^ inverted, opacity[i]);
  return true;
}

void TiffReader::read_colors(uint32_t* out) {
  std::array<char, 1024> why{};
  TIFFRGBAImage image{};
  if (TIFFRGBAImageOK(tiff_.get(), why.data()) == 0 ||
      TIFFRGBAImageBegin(&image, tiff_.get(), 1, why.data()) == 0)
    fail_to_decode(name_, header_, why.data());
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;  // as stored
  const int done = TIFFRGBAImageGet(&image, out, static_cast<uint32_t>(header_.width),
                                    static_cast<uint32_t>(header_.height));
  TIFFRGBAImageEnd(&image);
  if (done == 0) fail("the file is truncated or damaged");
}

}  // namespace

kernels::ImageView decode_tiff(Bytes file, std::string_view name, const ForeignHeader& header,
                               std::vector<uint8_t>& buffer) {
  TiffReader reader(file, name, header);
  const size_t count = header.width * header.height;
  const auto channels = static_cast<size_t>(header.channels);
  buffer.resize(std::max(buffer.size(), count * channels));
  if (channels != 1 || !reader.read_gray(buffer.data())) {
    std::vector<uint32_t> colors(count);
    reader.read_colors(colors.data());
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < channels; ++c)
        buffer[i * channels + c] = static_cast<uint8_t>(colors[i] >> (8 * c));
  }
  return {buffer.data(), static_cast<int32_t>(header.width), static_cast<int32_t>(header.height),
          header.channels, static_cast<int64_t>(header.width) * header.channels};
}

}  // namespace stoker::decode
