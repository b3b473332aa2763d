// The exchange of gradients on LibTorch's c10d::Reducer: in buckets, while the backward pass goes
// on. The one file that knows the Reducer, which changes between releases.
#pragma once

#include <memory>

#include "stoker/dist/channel.h"
#include "stoker/dist/gradient_exchange.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::dist {

struct ReducerOptions {
  int64_t bucket_bytes = 25 << 20;
  int64_t first_bucket_bytes = 1 << 20;  // small, so that the network works from early on
  Compression compress = Compression::kNone;
};

// Of parameters that need gradients; all of them get one in each backward pass. channel must
// outlive it.
std::unique_ptr<GradientExchange> make_exchange(Channel& channel,
                                                const weights::NamedTensors& parameters,
                                                const ReducerOptions& options);

}  // namespace stoker::dist
