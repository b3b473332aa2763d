#include "stoker/shards/tar_writer.h"

#include <array>

#include "stoker/core/tar_header.h"

namespace stoker::shards {
namespace {
constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr std::array<std::byte, 2 * kTarBlock> kZeros{};
}  // namespace

void TarWriter::append(Bytes bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  size_bytes_ += bytes.size();
  if (pending_.size() < kPieceBytes) return;
  file_.append(pending_);
  pending_.clear();
}

uint64_t TarWriter::add(std::string_view name, Bytes content) {
  const std::array<char, kTarBlock> header = tar_header_block(name, content.size());
  append(std::as_bytes(std::span(header)));
  const uint64_t offset = size_bytes_;
  append(content);
  append(Bytes(kZeros).first(tar_padding(content.size())));
  return offset;
}

void TarWriter::commit() {
  append(kZeros);
  file_.append(pending_);
  pending_.clear();
  file_.commit();
}

}  // namespace stoker::shards
