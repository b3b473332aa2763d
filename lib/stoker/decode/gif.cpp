#include <gif_lib.h>

#include <algorithm>
#include <cstring>

#include "stoker/core/error.h"
#include "stoker/decode/format_decoders.h"

namespace stoker::decode {
namespace {

constexpr int kNone = -1;

struct Source {
  Bytes file;
  size_t position = 0;
};

int read_bytes(GifFileType* gif, GifByteType* out, int count) {
  auto& source = *static_cast<Source*>(gif->UserData);
  const size_t some = std::min(static_cast<size_t>(count), source.file.size() - source.position);
  std::memcpy(out, source.file.data() + source.position, some);
  source.position += some;
  return static_cast<int>(some);
}

// A file up to and with its first image.
class GifReader {
 public:
  GifReader(Bytes file, std::string_view name, const ForeignHeader& header)
      : source_{file}, name_(name), header_(header) {
    int error = 0;
    gif_ = DGifOpen(&source_, read_bytes, &error);
    if (gif_ == nullptr) fail(error);
  }
  ~GifReader() { DGifCloseFile(gif_, nullptr); }
  GifReader(const GifReader&) = delete;
  GifReader& operator=(const GifReader&) = delete;

  // To the first image; afterwards the fields of image() and transparent() hold.
  void find_image();
  const GifImageDesc& image() const { return gif_->Image; }
  int transparent() const { return transparent_; }
  const ColorMapObject& palette() const;
  void read_row(GifPixelType* row) {
    if (DGifGetLine(gif_, row, gif_->Image.Width) == GIF_ERROR) fail(gif_->Error);
  }

 private:
  [[noreturn]] void fail(int error) const {
    const char* reason = GifErrorString(error);
    fail_to_decode(name_, header_, reason != nullptr ? reason : "unknown reason");
  }
  void read_extension();

  Source source_;
  std::string_view name_;
  const ForeignHeader& header_;
  GifFileType* gif_ = nullptr;
  int transparent_ = kNone;
};

void GifReader::read_extension() {
  int code = 0;
  GifByteType* block = nullptr;  // its first byte is its length
  if (DGifGetExtension(gif_, &code, &block) == GIF_ERROR) fail(gif_->Error);
  if (code == GRAPHICS_EXT_FUNC_CODE && block != nullptr) {
    GraphicsControlBlock control{};
    if (DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
      transparent_ = control.TransparentColor;
  }
  while (block != nullptr)
    if (DGifGetExtensionNext(gif_, &block) == GIF_ERROR) fail(gif_->Error);
}

void GifReader::find_image() {
  while (true) {
    GifRecordType kind = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(gif_, &kind) == GIF_ERROR) fail(gif_->Error);
    if (kind == EXTENSION_RECORD_TYPE) {
      read_extension();
    } else if (kind == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(gif_) == GIF_ERROR) fail(gif_->Error);
      return;
    } else {
      fail_to_decode(name_, header_, "it holds no image");
    }
  }
}

const ColorMapObject& GifReader::palette() const {
  const ColorMapObject* map = gif_->Image.ColorMap ? gif_->Image.ColorMap : gif_->SColorMap;
  if (map == nullptr) fail_to_decode(name_, header_, "it has no palette");
  return *map;
}

// The stored rows' places in the image: four passes where it is interlaced.
std::vector<int> rows_in_order(const GifImageDesc& image) {
  std::vector<int> rows;
  rows.reserve(static_cast<size_t>(image.Height));
  if (!image.Interlace) {
    for (int y = 0; y < image.Height; ++y) rows.push_back(y);
    return rows;
  }
  constexpr int kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
  for (int pass = 0; pass < 4; ++pass)
    for (int y = kFirst[pass]; y < image.Height; y += kStep[pass]) rows.push_back(y);
  return rows;
}

}  // namespace

kernels::ImageView decode_gif(Bytes file, std::string_view name, const ForeignHeader& header,
                              std::vector<uint8_t>& buffer) {
  GifReader reader(file, name, header);
  reader.find_image();
  const GifImageDesc& image = reader.image();
  const auto width = static_cast<int32_t>(header.width);
  const auto height = static_cast<int32_t>(header.height);
  if (image.Width <= 0 || image.Height <= 0 || image.Left < 0 || image.Top < 0 ||
      image.Left + image.Width > width || image.Top + image.Height > height)
    fail_to_decode(name, header, "its first frame lies beyond its size");
  const ColorMapObject& palette = reader.palette();
  const size_t row_bytes = size_t{3} * static_cast<size_t>(width);
  buffer.resize(std::max(buffer.size(), row_bytes * static_cast<size_t>(height)));
  std::fill_n(buffer.begin(), row_bytes * static_cast<size_t>(height), uint8_t{0});
  std::vector<GifPixelType> row(static_cast<size_t>(image.Width));
  for (const int y : rows_in_order(image)) {
    reader.read_row(row.data());
    uint8_t* out = buffer.data() + static_cast<size_t>(image.Top + y) * row_bytes +
                   size_t{3} * static_cast<size_t>(image.Left);
    for (const GifPixelType index : row) {
      if (index == reader.transparent()) {
        out += 3;
        continue;
      }
      if (index >= palette.ColorCount)
        fail_to_decode(name, header, fmt::format("color {} of {}", index, palette.ColorCount));
      const GifColorType& color = palette.Colors[index];
      *out++ = color.Red;
      *out++ = color.Green;
      *out++ = color.Blue;
    }
  }
  return {buffer.data(), width, height, 3, static_cast<int64_t>(row_bytes)};
}

}  // namespace stoker::decode
