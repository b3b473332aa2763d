// events.jsonl: when a run began, went on, evaluated, saved, changed its micro-batches, was judged
// (verdict_watch.h) and ended.
//
//   {"time_utc":"2026-11-29T22:50:10Z","event":"start","step":0,"epoch":0.0,"time_s":0.0}
//   {"time_utc":"…","event":"evaluation","step":31,"epoch":1.0,"time_s":10.1,"seconds":1.7}
//   {"time_utc":"…","event":"verdict","step":62,"epoch":2.0,"time_s":20.5,"kind":"compute",
//    "text":"the processors compute: 1.9 of 2 are in use","advice":"…","gpu":""}
//   {"time_utc":"…","event":"end","step":186,"epoch":6.0,"time_s":61.2,"reason":"finished"}
//
// Events: start, resume, evaluation, checkpoint, memory, verdict, end. What a run did beyond the
// checkpoint that it goes on from stays: it happened.
#pragma once

#include <memory>

#include "stoker/callbacks/events_file.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

std::unique_ptr<train::Callback> make_run_events(std::shared_ptr<EventsFile> file);

}  // namespace stoker::callbacks
