// A program from its arguments to its exit code: the same command line, with the bodies that the
// program has.
//
//   int main(int argc, char** argv) { return stoker::app::run(argc, argv, bodies); }
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/bench.h"
#include "command_line/completion.h"
#include "command_line/config.h"
#include "command_line/data.h"
#include "command_line/doctor.h"
#include "command_line/eval.h"
#include "command_line/export.h"
#include "command_line/models.h"
#include "command_line/predict.h"
#include "command_line/profile.h"
#include "command_line/report.h"
#include "command_line/resume_check.h"
#include "command_line/runs.h"
#include "command_line/sweep.h"
#include "command_line/train.h"
#include "command_line/tune.h"

namespace stoker::app {

struct Bodies {
  Body<TrainArguments> train = elsewhere<TrainArguments>;
  Body<EvalArguments> eval = elsewhere<EvalArguments>;
  Body<PredictArguments> predict = elsewhere<PredictArguments>;
  Body<ExportArguments> export_weights = elsewhere<ExportArguments>;
  BenchBodies bench;
  Body<ProfileArguments> profile = elsewhere<ProfileArguments>;
  Body<TuneArguments> tune = elsewhere<TuneArguments>;
  Body<ResumeCheckArguments> resume_check = elsewhere<ResumeCheckArguments>;
  Body<SweepArguments> sweep = elsewhere<SweepArguments>;
  Body<ModelsArguments> models = elsewhere<ModelsArguments>;
  Body<DoctorArguments> doctor = elsewhere<DoctorArguments>;
  Body<RunsArguments> runs = elsewhere<RunsArguments>;
  Body<CompareArguments> compare = elsewhere<CompareArguments>;
  Body<ReportArguments> report = elsewhere<ReportArguments>;
  DataBodies data;
  ConfigBodies config;
  Body<CompletionArguments> completion = elsewhere<CompletionArguments>;
  // What --version prints.
  std::function<std::string()> versions = []() -> std::string { throw HandOver{}; };
  // Keys of the configuration that end in this name, for hints.
  std::function<std::vector<std::string>(std::string_view)> keys_named =
      [](std::string_view) -> std::vector<std::string> { throw HandOver{}; };
};

// Parses, runs the verb, prints errors. hand_over: starts the other program in this one's place;
// what it throws is printed as an error.
int run(int argc, char** argv, const Bodies& bodies, const std::function<int()>& hand_over);

}  // namespace stoker::app
