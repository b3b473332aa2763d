#include "stoker/core/checksum.h"

#include <fmt/format.h>
#if STOKER_HAS_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // puts the widest vectors of the processor behind xxhash.h's names
#else
#include <xxhash.h>
#endif

#include <new>

namespace stoker {

void Checksum::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

Checksum::Checksum() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void Checksum::update(Bytes bytes) {
  if (!bytes.empty()) XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string Checksum::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string checksum_hex(Bytes bytes) {
  Checksum sum;
  sum.update(bytes);
  return sum.hex();
}

}  // namespace stoker
