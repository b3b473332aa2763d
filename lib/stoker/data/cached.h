// Keeps the decoded images of a data set in memory.
//
// An image is decoded by whoever asks for it first, on that thread, so that training starts at once
// and the first epoch fills the cache. Up to `limit_bytes` are kept; the rest passes through. What
// cannot be decoded throws at each get, as it would without a cache.
#pragma once

#include <memory>

#include "stoker/data/dataset.h"
#include "stoker/decode/decode.h"

namespace stoker::data {

// estimate_bytes: what kept_bytes_estimate() tells, at most the limit.
std::shared_ptr<const Dataset> keep_decoded(std::shared_ptr<const Dataset> dataset,
                                            const decode::DecodeLimits& limits, int64_t limit_bytes,
                                            int64_t estimate_bytes = 0);

// What all images take decoded, from the headers of up to `samples` of them, evenly spread.
// Unreadable images count as nothing.
int64_t decoded_bytes_estimate(const Dataset& dataset, const decode::DecodeLimits& limits,
                               int64_t samples = 256);

}  // namespace stoker::data
