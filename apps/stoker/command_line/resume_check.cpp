#include "command_line/resume_check.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_resume_check(CLI::App& app, Action& action, const Body<ResumeCheckArguments>& body) {
  CLI::App* verb = app.add_subcommand(
      "resume-check", "Train the steps between two checkpoints of a run again and compare");
  auto arguments = std::make_shared<ResumeCheckArguments>();
  verb->add_option(
          "run", arguments->path,
          "A run's folder (its two newest checkpoints), or a checkpoint (and the next one)")
      ->required();
  verb->add_option("overrides", arguments->overrides, "Such as data.root=photos device=cpu")
      ->option_text("[key=value ...]");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Nothing is written. Exit code 0: the same, bit for bit; 1: something differs.\n"
      "Example:\n"
      "  stoker resume-check runs/cifar10/1");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
