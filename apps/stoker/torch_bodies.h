// What verbs do with LibTorch: the bodies of the program `stoker-torch`.
#pragma once

#include "command_line/run.h"

namespace stoker::app {

ExitCode train(const TrainArguments& arguments);
ExitCode evaluate(const EvalArguments& arguments);
ExitCode predict(const PredictArguments& arguments);
ExitCode export_weights(const ExportArguments& arguments);
ExitCode bench_loader(const BenchArguments& arguments);
ExitCode bench_step(const BenchArguments& arguments);
ExitCode bench_allreduce(const BenchArguments& arguments);
ExitCode profile(const ProfileArguments& arguments);
// Of a machine with a GPU, and of a configuration.
ExitCode doctor_with_torch(const DoctorArguments& arguments);
ExitCode tune(const TuneArguments& arguments);
ExitCode resume_check(const ResumeCheckArguments& arguments);
ExitCode data_inspect_augmented(const DataLookArguments& arguments);
ExitCode data_pack_config(const PackArguments& arguments);
ExitCode config_print(const ConfigPrintArguments& arguments);
ExitCode config_check(const ConfigCheckArguments& arguments);
ExitCode config_schema(const ConfigPageArguments& arguments);
ExitCode config_reference(const ConfigPageArguments& arguments);
ExitCode completion(const CompletionArguments& arguments);

}  // namespace stoker::app
