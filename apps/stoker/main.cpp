// The program `stoker`: the whole command line, and what needs no LibTorch. Loading LibTorch takes
// most of a second, which help, completion and work on data sets do without.
#include "bodies.h"
#include "command_line/run.h"
#include "hand_over.h"
#include "launch_ranks.h"

int main(int argc, char** argv) {
  using namespace stoker::app;
  Bodies bodies;
  bodies.data.get = data_get;
  bodies.data.make_shapes = make_shapes;
  bodies.data.inspect = data_inspect;
  bodies.data.verify = data_verify;
  bodies.data.pack = data_pack;
  bodies.data.index = data_index;
  bodies.train = [&](const TrainArguments& arguments) {
    if (arguments.folds) return cross_validate(arguments);
    return launch_ranks(arguments.devices, arguments.dry_run, argv);
  };
  bodies.eval = [&](const EvalArguments& arguments) {
    return launch_ranks(arguments.devices, /*dry_run=*/false, argv);
  };
  bodies.bench.allreduce = [&](const BenchArguments& arguments) {
    return launch_ranks(arguments.devices, /*dry_run=*/false, argv);
  };
  bodies.sweep = sweep_verb;
  bodies.models = list_models;
  bodies.runs = list_runs;
  bodies.compare = compare_runs;
  bodies.report = write_report;
  bodies.doctor = doctor;
  bodies.config.init = config_init;
  return run(argc, argv, bodies, [&] { return become_stoker_torch(argv); });
}
