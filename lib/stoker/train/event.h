// The training loop on one page. Everything that is not here is an Algorithm, which may change the
// training at an event, or a Callback, which may only look (events.h). Every event reaches the
// algorithms first, then the callbacks.
//
//   fit:
//     kFitStart
//     while step < total_steps:
//       kStepStart                               # an algorithm may pull the rate
//       for each micro-batch of the step:        # gradient_pass.h
//         batch = feed.next()                    # waiting is counted as data wait
//         kBatchReady                            # images, labels; mixup and cutmix set targets
//         logits = model(images)                 # under autocast
//         losses = loss(logits, targets)         # of each image
//         kLossReady                             # distillation adds what a teacher says
//         loss = sum(losses) / batch_size        # of the step
//         (scaled) loss.backward()
//         kMicroBatchDone                        # gradients of the step's images so far
//       if an algorithm wants it (sam), and some image could be read:
//         kSecondPass                            # it moves the weights and drops the gradients
//         the same micro-batches once more, each event as before
//         kSecondPassDone                        # it moves them back; after errors too
//       if some image of the step could be read:
//         kGradientsReady                        # unscaled only if clipping asks for it
//         clip; optimizer.step(schedule(step))   # update.h; left out when fp16 gradients
//         overflowed
//       if memory ran out until here: kMemoryChange; the same step again in smaller micro-batches
//       step += 1
//       kStepDone                                # averages of weights
//       each log_every_steps, and at an epoch's end:  kLog
//       if an epoch is complete:  kEpochDone; kMemoryChange if micro-batches may grow again
//       if an evaluation is due:  kEvalStart; kEvalProgress after each batch;
//                                 kEvalDone, or kEvalFailed after an error; kMemoryChange where
//                                 its batch became smaller
//       if a checkpoint is due:   copy the state; a thread of its own writes it
//       if one has been written:  kCheckpointDone
//       if interrupted or out of budget: save; leave
//     kFitDone                                   # after errors too, with the reason
//
// Of a pipeline the first stage emits kBatchReady, and the last kLossReady, with labels and targets
// but no images, and kMicroBatchDone.
#pragma once

namespace stoker::train {

enum class Event {
  kFitStart,
  kStepStart,
  kBatchReady,
  kLossReady,
  kMicroBatchDone,
  kSecondPass,
  kSecondPassDone,
  kGradientsReady,
  kStepDone,
  kLog,
  kEpochDone,
  kEvalStart,
  kEvalProgress,
  kEvalDone,
  kEvalFailed,
  kMemoryChange,
  kCheckpointDone,
  kFitDone,
};

}  // namespace stoker::train
