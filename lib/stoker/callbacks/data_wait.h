// Says once, when training waits for images, which stage of the input path is slow and what to
// change.
#pragma once

#include <memory>
#include <string>

#include "stoker/callbacks/said.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

struct InputFacts {
  bool keeps_decoded = false;  // data.cache holds decoded images
  int usable_cpus = 0;         // 0: those of this process
};

// Watches the log windows. The first is passed over, and the first epoch where it fills the cache;
// then two seconds of steps that waited for more than a tenth of their time are reported, once a
// process and not where a verdict has said so.
std::unique_ptr<train::Callback> make_data_wait_watch(
    InputFacts facts, std::shared_ptr<Said> said = std::make_shared<Said>());

// "training waits for images 37% of the time: 4 threads spend 12% on reading, 61% on decoding, 9%
// on augmenting and 18% idle. Decoding is the slowest: …". The window must have steps.
std::string data_wait_advice(const train::LogWindow& window, const InputFacts& facts);

}  // namespace stoker::callbacks
