// The program `stoker-torch`, which `stoker` becomes for the verbs that need LibTorch.
#include "command_line/run.h"
#include "stoker/config/config.h"
#include "stoker/config/keys.h"
#include "stoker/core/error.h"
#include "stoker/machine/nvtx.h"
#include "stoker/machine/versions.h"
#include "stoker/run/run_config.h"
#include "torch_bodies.h"

namespace stoker::app {
namespace {

std::vector<std::string> keys_named(std::string_view name) {
  run::RunConfig config;
  return config::keys_named(config::fields_of(config), name);
}

int refuse() {
  throw ConfigError("stoker-torch does a part of stoker's work; run `stoker` with these arguments");
}

}  // namespace
}  // namespace stoker::app

int main(int argc, char** argv) {
  using namespace stoker::app;
  stoker::machine::show_ranges_by_nvtx();
  Bodies bodies;
  bodies.train = train;
  bodies.eval = evaluate;
  bodies.predict = predict;
  bodies.export_weights = export_weights;
  bodies.bench = {.loader = bench_loader, .step = bench_step, .allreduce = bench_allreduce};
  bodies.profile = profile;
  bodies.doctor = doctor_with_torch;
  bodies.tune = tune;
  bodies.resume_check = resume_check;
  bodies.data.inspect_augmented = data_inspect_augmented;
  bodies.data.pack_config = data_pack_config;
  bodies.config.print = config_print;
  bodies.config.check = config_check;
  bodies.config.schema = config_schema;
  bodies.config.reference = config_reference;
  bodies.completion = completion;
  bodies.versions = stoker::machine::versions_text;
  bodies.keys_named = keys_named;
  return run(argc, argv, bodies, refuse);
}
