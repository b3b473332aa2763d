// What verbs do that need no LibTorch: the bodies of the program `stoker`.
#pragma once

#include "command_line/run.h"

namespace stoker::app {

ExitCode data_get(const DataGetArguments& arguments);
ExitCode make_shapes(const MakeShapesArguments& arguments);
ExitCode data_inspect(const DataLookArguments& arguments);
ExitCode data_verify(const DataLookArguments& arguments);
ExitCode data_pack(const PackArguments& arguments);
ExitCode data_index(const DataIndexArguments& arguments);
ExitCode sweep_verb(const SweepArguments& arguments);
// `stoker train CONFIG --folds K`: a sweep over the folds alone.
ExitCode cross_validate(const TrainArguments& arguments);
ExitCode list_models(const ModelsArguments& arguments);
ExitCode list_runs(const RunsArguments& arguments);
ExitCode compare_runs(const CompareArguments& arguments);
ExitCode write_report(const ReportArguments& arguments);
// Of a machine without a GPU, and of a run; the rest is the other program's.
ExitCode doctor(const DoctorArguments& arguments);
ExitCode config_init(const ConfigInitArguments& arguments);

}  // namespace stoker::app
