// The lines a person watches: one a log step and one an evaluation, and between them, on a
// terminal, a line that is redrawn.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stoker/callbacks/options.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

std::unique_ptr<train::Callback> make_console(const LogOptions& options);

// "epoch 3/8  ████████░░░░░░░  61/156", at most `columns` - 1 wide; without the bar where it is
// narrow.
std::string progress_line(std::string_view epoch, int64_t done, int64_t of, int columns);
// "epoch 3/8  step 120/1251  loss 1.234  lr 0.40  3,512 img/s  data 2%  mem 1.9 GiB"
std::string log_line(const train::State& state);
// "epoch 3/8  val  loss 0.512  top1 84.10%  top5 99.01%  10,000 images in 3.1 s"
std::string eval_line(const train::State& state);

}  // namespace stoker::callbacks
