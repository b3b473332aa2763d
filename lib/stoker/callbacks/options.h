// What a config says under `log:`.
#pragma once

#include <cstdint>

#include "stoker/config/fields.h"

namespace stoker::callbacks {

struct LogOptions {
  int64_t every_steps = 20;
  bool progress = true;  // a bar where stderr is a terminal
  bool tensorboard = true;
};
inline void describe(LogOptions& o, config::Fields& fields) {
  fields("every_steps", o.every_steps, "optimizer steps between log lines").positive();
  fields("progress", o.progress, "a progress bar when stderr is a terminal");
  fields("tensorboard", o.tensorboard, "write the scalars as TensorBoard events too");
}

}  // namespace stoker::callbacks
