#include "command_line/doctor.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_doctor(CLI::App& app, Action& action, const Body<DoctorArguments>& body) {
  CLI::App* verb = app.add_subcommand(
      "doctor", "What this machine is good for; whether it can train a config; why a run is slow");
  auto arguments = std::make_shared<DoctorArguments>();
  verb->add_option("path", arguments->path,
                   "A YAML file: can it be trained here, how fast, on which GPU. The folder of a "
                   "run: what it waited for. Nothing: this machine")
      ->option_text("[CONFIG|RUN]");
  verb->add_option("overrides", arguments->overrides, "Of a config, such as train.batch_size=256")
      ->option_text("[key=value ...]");
  verb->add_option("--disk", arguments->disk,
                   "Measure the disk of this folder; default the one that it is started in")
      ->option_text("DIR");
  verb->add_flag("--gpus", arguments->gpus, "Print the table of GPUs, as docs/gpus.md has it");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Exit code 4: something bars training, and a warning says what mends it.\n"
      "Examples:\n"
      "  stoker doctor\n"
      "  stoker doctor configs/cifar10.yaml data.root=data/cifar10-jpeg\n"
      "  stoker doctor runs/cifar10/1");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
