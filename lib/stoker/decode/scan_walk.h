// The way through the scan of a baseline JPEG: decode these MCUs, pass over those.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "stoker/decode/idct.h"
#include "stoker/decode/scan_bits.h"
#include "stoker/kernels/cpu_level.h"

namespace stoker::decode {

// One component as the walk needs it.
struct ScanComponent {
  const HuffmanTable* dc = nullptr;
  const HuffmanTable* ac = nullptr;
  const uint16_t* scale = nullptr;
  int32_t h = 1, v = 1;
  int32_t side = 8;                    // pixels of a block across and down: 8, 4, 2 or 1
  InverseTransform inverse = nullptr;  // to that side; none for 1
  uint8_t* plane = nullptr;            // where the next MCU's samples go
  int64_t row_bytes = 0;
  uint32_t last_dc = 0;
};

class ScanWalk {
 public:
  ScanWalk(Bytes scan, int32_t restart_interval, kernels::CpuLevel level)
      : scan_(scan), bits_(scan), interval_(restart_interval), level_(level) {}

  std::array<ScanComponent, 3> components;
  int32_t count = 0;

  // On to MCU number `mcu`, not before the present one. All return why not, or null.
  const char* advance_to(int64_t mcu);
  // Decodes the next `mcus` into the planes, whose pointers move right.
  const char* decode(int64_t mcus);

  size_t byte() const {
    return static_cast<size_t>(bits_.next() - reinterpret_cast<const uint8_t*>(scan_.data()));
  }

 private:
  const char* to_segment(int64_t segment);
  const char* check() const;
  void decode_run(int64_t mcus);
  void skip_run(int64_t mcus);

  friend struct WalkLoops;

  Bytes scan_;
  ScanBits bits_;
  int64_t interval_;
  kernels::CpuLevel level_;
  int64_t mcu_ = 0;      // the next
  int64_t segment_ = 0;  // restart markers passed
};

}  // namespace stoker::decode
