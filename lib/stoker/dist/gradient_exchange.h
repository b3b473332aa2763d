// The sum over ranks of the gradients of a step.
//
//   exchange.before_micro_batch(/*is_last=*/false);
//   … forward, backward …                     // adds to this rank's own gradients
//   exchange.before_micro_batch(/*is_last=*/true);
//   … forward, backward …                     // gradients go out while it goes on
//   exchange.finish(Share::kWhole);
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::dist {

// What a rank has to give to a step that it was to take part in.
enum class Share {
  kWhole,    // gradients of all its micro-batches
  kNothing,  // an error ended its pass somewhere: zeros
};

class GradientExchange {
 public:
  virtual ~GradientExchange() = default;

  // Before the first of the micro-batches that each rank is to have of a step.
  virtual void begin_step(int64_t micro_batches) { (void)micro_batches; }

  // Before the forward pass of a micro-batch. is_last: the backward pass that follows is the last
  // one of the step, so that each gradient can leave as soon as it is there. Never said with
  // is_last, the exchange is made as a whole by finish().
  virtual void before_micro_batch(bool is_last) = 0;

  // Afterwards the parameters' gradients, or those of this rank's parts of them, are sums over the
  // ranks, the same bits on all. Every rank calls it once a step, whatever came to its passes.
  // Throws PeerFailed.
  virtual void finish(Share share) = 0;

  // Whether gradients leave in every backward pass, so that finish() has to be called before ranks
  // can agree on anything.
  virtual bool is_always_overlapped() const { return false; }
  // Whether ranks wait for each other within a pass, so that none may leave it.
  virtual bool waits_within_pass() const { return false; }

  // Where the backward pass ended by an error: throws PeerFailed if another rank is the cause.
  virtual void throw_if_broken() = 0;

  // Whether the norm of this rank's own gradients is measured as they leave, which costs a pass
  // over them; from the next step on.
  virtual void measure_own(bool is_wanted) { (void)is_wanted; }
  // Of the step that finish() has ended: its square, float32 [] on the device; undefined where it
  // was not measured.
  virtual at::Tensor own_norm_squared() const { return {}; }

  // Seconds that finish() has waited for other ranks and the network, in all.
  virtual double wait_s() const = 0;
};

}  // namespace stoker::dist
