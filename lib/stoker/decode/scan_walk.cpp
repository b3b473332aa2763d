#include "stoker/decode/scan_walk.h"

#include <algorithm>
#include <cstring>

namespace stoker::decode {

// The loops over blocks, for one kind of processor each.
struct WalkLoops {
  STOKER_BITS_INLINE static void decode(ScanWalk& walk, int64_t mcus) {
    ScanBits bits = walk.bits_;  // in registers
    alignas(64) int16_t block[64];
    for (; mcus > 0; --mcus)
      for (int32_t c = 0; c < walk.count; ++c) {
        ScanComponent& component = walk.components[static_cast<size_t>(c)];
        for (int32_t y = 0; y < component.v; ++y)
          for (int32_t x = 0; x < component.h; ++x) {
            component.last_dc += static_cast<uint32_t>(bits.read_dc(*component.dc));
            const auto dc = static_cast<int16_t>(component.last_dc * component.scale[0]);
            uint8_t* out = component.plane + component.side * (y * component.row_bytes + x);
            if (component.side == 1) {
              bits.skip_ac(*component.ac);
              fill_flat(dc, out, component.row_bytes, 1);
              continue;
            }
            std::memset(block, 0, sizeof block);
            block[0] = dc;
            if (bits.read_ac(*component.ac, component.scale, block) == 0)
              fill_flat(dc, out, component.row_bytes, component.side);
            else
              component.inverse(block, out, component.row_bytes);
          }
        component.plane += component.side * component.h;
      }
    walk.bits_ = bits;
  }

  STOKER_BITS_INLINE static void skip(ScanWalk& walk, int64_t mcus) {
    ScanBits bits = walk.bits_;
    for (; mcus > 0; --mcus)
      for (int32_t c = 0; c < walk.count; ++c) {
        ScanComponent& component = walk.components[static_cast<size_t>(c)];
        for (int32_t i = 0; i < component.v * component.h; ++i) {
          component.last_dc += static_cast<uint32_t>(bits.read_dc(*component.dc));
          bits.skip_ac(*component.ac);
        }
      }
    walk.bits_ = bits;
  }
};

namespace {

constexpr const char* kTruncated = "the file is truncated: it ends in the middle of the image";
constexpr const char* kEndsEarly = "the image data end too early";

#if defined(__x86_64__) && defined(__GNUC__)
// The bits are shifted by counts in any register under BMI2.
__attribute__((target("avx2,bmi,bmi2"))) void decode_v3(ScanWalk& walk, int64_t mcus) {
  WalkLoops::decode(walk, mcus);
}
__attribute__((target("avx2,bmi,bmi2"))) void skip_v3(ScanWalk& walk, int64_t mcus) {
  WalkLoops::skip(walk, mcus);
}

bool is_v3(kernels::CpuLevel level) {
  return level >= kernels::CpuLevel::kV3 && __builtin_cpu_supports("bmi2");
}
#endif

}  // namespace

void ScanWalk::decode_run(int64_t mcus) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (is_v3(level_)) return decode_v3(*this, mcus);
#endif
  WalkLoops::decode(*this, mcus);
}

void ScanWalk::skip_run(int64_t mcus) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (is_v3(level_)) return skip_v3(*this, mcus);
#endif
  WalkLoops::skip(*this, mcus);
}

const char* ScanWalk::check() const {
  if (bits_.overrun()) return bits_.end() - bits_.next() < 2 ? kTruncated : kEndsEarly;
  if (bits_.broken()) return "the image data are corrupt: no such Huffman code";
  return nullptr;
}

// Past restart markers, which are found by their bytes alone.
const char* ScanWalk::to_segment(int64_t segment) {
  const uint8_t* at = bits_.next();
  while (segment_ < segment) {
    at = static_cast<const uint8_t*>(std::memchr(at, 0xFF, size_t(bits_.end() - at)));
    if (at == nullptr || bits_.end() - at < 2) return kTruncated;
    const uint8_t marker = at[1];
    at += marker == 0xFF ? 1 : 2;
    if (marker == 0 || marker == 0xFF) continue;
    if (marker < 0xD0 || marker > 0xD7) return kEndsEarly;
    if (marker - 0xD0 != (segment_ & 7)) return "the restart markers are out of order";
    ++segment_;
  }
  bits_.restart(at);
  mcu_ = segment_ * interval_;
  for (ScanComponent& component : components) component.last_dc = 0;
  return nullptr;
}

const char* ScanWalk::advance_to(int64_t mcu) {
  if (interval_ > 0 && mcu / interval_ > segment_) {
    if (const char* reason = to_segment(mcu / interval_)) return reason;
  }
  skip_run(mcu - mcu_);
  mcu_ = mcu;
  return check();
}

const char* ScanWalk::decode(int64_t mcus) {
  while (mcus > 0) {
    if (const char* reason = advance_to(mcu_)) return reason;
    const int64_t run = interval_ > 0 ? std::min(mcus, (segment_ + 1) * interval_ - mcu_) : mcus;
    decode_run(run);
    mcu_ += run;
    mcus -= run;
    if (const char* reason = check()) return reason;
  }
  return nullptr;
}

}  // namespace stoker::decode
