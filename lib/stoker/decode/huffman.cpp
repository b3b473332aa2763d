#include "stoker/decode/huffman.h"

#include <algorithm>

namespace stoker::decode {
namespace {

using Table = HuffmanTable;

// Canonical codes in order of length; false for more codes than there are.
bool assign_codes(Table& table) {
  uint32_t code = 0;  // left-aligned in 16 bits
  int32_t index = 0;
  for (size_t length = 1; length <= 16; ++length) {
    const uint32_t step = 1u << (16 - length);
    table.first_symbols[length] = index - static_cast<int32_t>(code >> (16 - length));
    for (int i = 0; i < table.code.counts[length]; ++i, ++index, code += step) {
      if (code + step > 0x10000 || index >= 256) return false;
      if (length > Table::kLookBits) continue;
      const auto symbol = table.code.symbols[static_cast<size_t>(index)];
      const uint32_t first = code >> (16 - Table::kLookBits);
      const uint32_t count = 1u << (static_cast<uint32_t>(Table::kLookBits) - length);
      std::fill_n(&table.prefixes[first], count,
                  Table::Prefix{symbol, static_cast<uint8_t>(length)});
    }
    table.limits[length] = code;
  }
  return true;
}

// Values of `size` bits: the upper half positive, the lower negative (T.81, F.2.2.1, EXTEND).
int16_t extend(uint32_t bits, int size) {
  const auto value = static_cast<int32_t>(bits);
  return static_cast<int16_t>(value >> (size - 1) ? value : value - (1 << size) + 1);
}

Table::Step step_of(const Table& table, uint32_t look) {
  const Table::Prefix prefix = table.prefixes[look];
  if (prefix.length == 0) return {0, 0, 0};
  const int size = table.is_dc ? prefix.symbol : prefix.symbol & 15;
  const int run = table.is_dc ? 0 : prefix.symbol >> 4;
  const int length = prefix.length + size;
  if (length > Table::kLookBits) return {0, 0, 0};
  if (size > 0) {
    const uint32_t value = (look >> (Table::kLookBits - length)) & ((1u << size) - 1);
    return {extend(value, size), static_cast<uint8_t>(run), static_cast<uint8_t>(length)};
  }
  const bool ends = !table.is_dc && run != 15;
  return {0, ends ? Table::kEndOfBlock : static_cast<uint8_t>(run), static_cast<uint8_t>(length)};
}

Table::Leap leap_of(const Table& table, uint32_t look) {
  Table::Leap leap{};
  uint32_t left = look;
  while (true) {
    const Table::Step step = table.steps[left];
    if (step.length == 0 || leap.length + step.length > Table::kLookBits) return leap;
    const bool ends = step.run == Table::kEndOfBlock;
    const int advance = ends ? int{Table::kEndOfBlock} : step.run + 1;
    if (!ends && leap.advance + advance > 63) return leap;
    if (leap.length == 0) {
      leap.first_advance = static_cast<uint8_t>(advance);
      leap.first_length = step.length;
    }
    leap.advance = static_cast<uint8_t>(leap.advance + advance);
    leap.length = static_cast<uint8_t>(leap.length + step.length);
    if (ends) return leap;
    left = (left << step.length) & (Table::kEntries - 1);
  }
}

bool fill(Table& table, const HuffmanCode& code, bool is_dc) {
  table.code = code;
  table.is_dc = is_dc;
  table.symbols = code.symbols;
  table.prefixes.fill({0, 0});
  if (!assign_codes(table)) return false;
  if (is_dc) {
    int32_t count = 0;
    for (size_t length = 1; length <= 16; ++length) count += code.counts[length];
    if (std::any_of(code.symbols.begin(), code.symbols.begin() + count,
                    [](uint8_t symbol) { return symbol > 15; }))
      return false;
  }
  for (uint32_t look = 0; look < Table::kEntries; ++look) table.steps[look] = step_of(table, look);
  if (is_dc) return true;
  for (uint32_t look = 0; look < Table::kEntries; ++look) table.leaps[look] = leap_of(table, look);
  return true;
}

}  // namespace

const HuffmanTable* HuffmanTables::get(const HuffmanCode& code, bool is_dc) {
  ++uses_;
  for (const auto& table : kept_)
    if (table->is_dc == is_dc && table->code == code) {
      table->last_use = uses_;
      return table.get();
    }
  auto place = kept_.end();
  if (kept_.size() < kKept)
    place = kept_.insert(place, std::make_unique<HuffmanTable>());
  else
    place = std::ranges::min_element(kept_, {}, [](const auto& table) { return table->last_use; });
  HuffmanTable& table = **place;
  table.last_use = uses_;
  if (fill(table, code, is_dc)) return &table;
  table.code.counts[0] = 255;  // no code has that: what was filled is not to be found again
  return nullptr;
}

}  // namespace stoker::decode
