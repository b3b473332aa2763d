// What events act on: the objects of a run and where it stands.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/loader/stage_times.h"
#include "stoker/metrics/classification.h"
#include "stoker/models/model.h"
#include "stoker/optim/grad_scaler.h"
#include "stoker/optim/optimizer.h"
#include "stoker/train/event.h"
#include "stoker/train/plan.h"

namespace stoker::train {

// One finished optimizer step.
struct StepRecord {
  int64_t step = 0;  // steps finished, this one included
  double loss = 0;   // mean over the step's images
  double lr = 0;     // base rate times schedule
  int64_t images = 0;
  double time_s = 0;       // wall time of the step
  double data_wait_s = 0;  // of which the loop waited for the loader
  bool skipped = false;    // no update: fp16 overflow, a loss that is not finite, or no images
};

// Finished steps since the last log line. Part of a checkpoint, so that a resumed run logs the
// same.
struct LogWindow {
  int64_t steps = 0;
  int64_t skipped_steps = 0;
  int64_t images = 0;
  double loss_sum = 0;  // over images of steps with a finite loss
  int64_t loss_images = 0;
  double time_s = 0;
  double data_wait_s = 0;
  double lr = 0;  // of the newest step
  // What the loader's threads did since the last log line, ahead of these steps; in no checkpoint.
  loader::StageTimes stages;
  int loader_threads = 0;
};

struct EvalRecord {
  int64_t step = 0;
  double epoch = 0;
  double time_s = 0;
  metrics::ClassificationResult result;
};

struct State {
  models::Model& model;
  optim::Optimizer& optimizer;
  optim::GradScaler* scaler = nullptr;  // fp16 only
  StepPlan plan;
  uint64_t seed = 0;
  // Kept in checkpoints: what a label means, and what the model was built for.
  std::vector<std::string> class_names;
  models::ModelContext context;
  at::Device device{at::kCPU};

  int64_t step = 0;  // optimizer steps finished, skipped ones included
  int64_t schedule_step =
      0;                    // those that the schedule counts: a skipped fp16 step does not advance
  double train_time_s = 0;  // time in steps so far, also before a resume; no set-up, no evaluation
  int64_t images_seen = 0;

  // The micro-batch at kBatchReady.
  int64_t micro_step = 0;  // its number within the step
  at::Tensor images;       // [n, C, H, W]
  at::Tensor labels;       // [n] int64
  at::Tensor targets;      // undefined; an algorithm may set [n, classes] float32 for the loss

  // Finished steps whose losses have been read and are not in the window yet. On a GPU losses are
  // read only when a log line or a checkpoint asks for them.
  std::vector<StepRecord> records;
  LogWindow window;
  std::optional<double> train_loss;       // of the newest log line
  int64_t nonfinite_in_a_row = 0;         // newest steps whose loss was not finite
  int64_t unreadable_steps_in_a_row = 0;  // newest steps of which no image could be read
  std::optional<EvalRecord> eval;         // the newest evaluation
  std::string checkpoint;                 // the newest whole checkpoint's folder
};

// May change the state. Each has a name, under which its tensors stand in a checkpoint.
class Algorithm {
 public:
  virtual ~Algorithm() = default;
  virtual std::string name() const = 0;
  virtual void apply(Event event, State& state) = 0;
  virtual optim::NamedTensors state_tensors() { return {}; }  // live
  // Weights that evaluation uses instead of the model's own, by the model's names; live. They stand
  // in a checkpoint's model.safetensors, the model's own in optimizer.safetensors as "training/…".
  virtual optim::NamedTensors evaluation_weights() { return {}; }
};

// May only look.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void observe(Event event, const State& state) = 0;
};

}  // namespace stoker::train
