// What a run's folder says of where its time went, for a verdict (monitor/verdict.h).
//
//   const monitor::Verdict verdict = monitor::judge(run_facts(read_run(folder)));
#pragma once

#include "stoker/monitor/facts.h"
#include "stoker/report/run_record.h"

namespace stoker::report {

// Of all its log lines but the first of each process, which has the set-up in it.
monitor::Facts run_facts(const RunRecord& run);

}  // namespace stoker::report
