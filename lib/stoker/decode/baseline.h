// A decoder of our own for the JPEGs that nearly all photographs are: baseline, Huffman-coded, gray
// or three components in one scan, colour at full or half resolution. It decodes regions only:
// blocks outside are passed over several coefficients at a time, restart markers are jumped to, and
// nothing below the last row is read. At 1/2, 1/4 and 1/8 blocks are transformed to fewer pixels.
// Its pixels are those of libjpeg's defaults, bit for bit.
//
// libjpeg reads the header (jpeg_frame.h) and decodes everything else. Used through JpegDecoder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "stoker/core/file.h"
#include "stoker/decode/huffman.h"
#include "stoker/kernels/cpu_level.h"
#include "stoker/kernels/image.h"

namespace stoker::decode {

struct JpegFrame {
  struct Component {
    int32_t h = 1, v = 1;              // sampling factors
    std::array<uint16_t, 64> scale{};  // quantisation, in zigzag order
    HuffmanCode dc, ac;
  };
  int32_t width = 0, height = 0;
  std::array<Component, 3> components;
  int32_t count = 0;             // 1, or 3 of which the last two have factors 1
  bool is_rgb = false;           // stored without conversion; all factors are 1 then
  int32_t restart_interval = 0;  // MCUs; 0: none
  Bytes scan;                    // from the first entropy-coded byte to the end of the file
};

class BaselineDecoder {
 public:
  explicit BaselineDecoder(kernels::CpuLevel level = kernels::cpu_level());
  ~BaselineDecoder();
  BaselineDecoder(BaselineDecoder&&) noexcept;
  BaselineDecoder& operator=(BaselineDecoder&&) noexcept;

  struct Failure {
    const char* reason;
    size_t byte;  // of the scan
  };
  // Whether decode() can shrink such a frame; always by 1, 2 and 4.
  static bool can_shrink(const JpegFrame& frame, int shrink);
  // Pixels of the region (as stored, of the frame shrunk by 1, 2, 4 or 8, sides rounded up), row by
  // row without gaps: 1 or 3 channels as the frame has. Nothing on success.
  std::optional<Failure> decode(const JpegFrame& frame, const kernels::Region& region, int shrink,
                                uint8_t* pixels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::decode
