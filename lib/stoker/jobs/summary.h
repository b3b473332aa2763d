// summary.json: how a run ended.
//
//   {"reason": "finished", "steps": 480, "epochs": 10.0, "train_time_s": 381.2,
//    "images_per_s": 1290.4, "peak_bytes": 1288490188, "world_size": 1, "hosts": ["a1"],
//    "device": "cuda:0", "final": {"val.top1": 0.894, …},
//    "best": {"checkpoint": "…", "step": 432, "epoch": 9.0, "val.top1": 0.895, …},
//    "checkpoints": {"latest": "…", "best": "…"},
//    "energy": {"joules": 1830.5, "kwh": 0.0005, "method": "GPU: counter; …", …},
//    "verdict": {"kind": "data", "text": "…", "advice": "…"}}
//
// energy is the word "not measured" where nothing was.
#pragma once

#include <string_view>

#include "stoker/core/file.h"
#include "stoker/monitor/verdict.h"
#include "stoker/run/session.h"
#include "stoker/runs/folder.h"

namespace stoker::jobs {

// The final metrics are those of the last evaluation in metrics.jsonl, so that they span resumes;
// the best ones all belong to the checkpoint that `best` names. `error` says why a run failed.
// Returns the verdict, which is of all the run's log lines.
monitor::Verdict write_summary(FileSystem& files, const runs::RunFolder& folder,
                               const run::Session& session, std::string_view reason,
                               std::string_view error = "");

}  // namespace stoker::jobs
