// The lines a person watches: one a log step and one an evaluation, and below them, on a terminal,
// a line of progress that is redrawn (training_bar.h).
//
//   epoch 3/8  step 120/1251  loss 1.234  lr 0.4  3,512 img/s  data 2%  mem 1.9 GiB  gpu 97%  …
//   epoch 3/8  val  loss 0.512  top1 84.10%  top5 99.01%  10,000 images in 3.1 s
#pragma once

#include <memory>

#include "stoker/callbacks/options.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

std::unique_ptr<train::Callback> make_console(const LogOptions& options);

}  // namespace stoker::callbacks
