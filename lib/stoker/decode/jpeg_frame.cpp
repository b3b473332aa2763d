#include "stoker/decode/jpeg_frame.h"

#include <algorithm>

#include "stoker/decode/scan_bits.h"

namespace stoker::decode {
namespace {

bool is_known_kind(const jpeg_decompress_struct& info) {
  if (info.progressive_mode || info.arith_code || info.data_precision != 8) return false;
  if (info.num_components != 1 && info.num_components != 3) return false;
  if (info.comps_in_scan != info.num_components) return false;
  if (info.num_components == 1) return info.jpeg_color_space == JCS_GRAYSCALE;
  const jpeg_component_info* c = info.comp_info;
  for (int i = 0; i < 3; ++i)  // interleaved in order
    if (info.cur_comp_info[i] != c + i) return false;
  for (int i = 1; i < 3; ++i)
    if (c[i].h_samp_factor != 1 || c[i].v_samp_factor != 1) return false;
  if (c[0].h_samp_factor > 2 || c[0].v_samp_factor > 2) return false;
  const bool is_full = c[0].h_samp_factor == 1 && c[0].v_samp_factor == 1;
  return info.jpeg_color_space == JCS_YCbCr || (info.jpeg_color_space == JCS_RGB && is_full);
}

bool copy_code(const JHUFF_TBL* table, HuffmanCode& code) {
  if (table == nullptr) return false;
  std::copy_n(table->bits, code.counts.size(), code.counts.begin());
  std::copy_n(table->huffval, code.symbols.size(), code.symbols.begin());
  code.counts[0] = 0;
  return true;
}

bool read_component(const jpeg_decompress_struct& info, const jpeg_component_info& from,
                    JpegFrame::Component& to) {
  const auto is_slot = [](int i) { return i >= 0 && i < NUM_HUFF_TBLS; };
  if (!is_slot(from.dc_tbl_no) || !is_slot(from.ac_tbl_no)) return false;
  if (from.quant_tbl_no < 0 || from.quant_tbl_no >= NUM_QUANT_TBLS) return false;
  const JQUANT_TBL* quantization = info.quant_tbl_ptrs[from.quant_tbl_no];
  if (quantization == nullptr) return false;
  for (size_t k = 0; k < 64; ++k) to.scale[k] = quantization->quantval[kZigzag[k]];
  return copy_code(info.dc_huff_tbl_ptrs[from.dc_tbl_no], to.dc) &&
         copy_code(info.ac_huff_tbl_ptrs[from.ac_tbl_no], to.ac);
}

}  // namespace

bool read_baseline_frame(const jpeg_decompress_struct& info, JpegFrame& frame) {
  if (!is_known_kind(info)) return false;
  frame.width = static_cast<int32_t>(info.image_width);
  frame.height = static_cast<int32_t>(info.image_height);
  frame.count = info.num_components;
  frame.is_rgb = info.jpeg_color_space == JCS_RGB;
  frame.restart_interval = static_cast<int32_t>(info.restart_interval);
  for (int i = 0; i < frame.count; ++i) {
    const jpeg_component_info& from = info.comp_info[i];
    JpegFrame::Component& to = frame.components[static_cast<size_t>(i)];
    // A scan of one component has one block an MCU whatever its factors.
    to.h = frame.count == 1 ? 1 : from.h_samp_factor;
    to.v = frame.count == 1 ? 1 : from.v_samp_factor;
    if (!read_component(info, from, to)) return false;
  }
  frame.scan = {reinterpret_cast<const std::byte*>(info.src->next_input_byte),
                info.src->bytes_in_buffer};
  return true;
}

}  // namespace stoker::decode
