#include "command_line/runs.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_runs(CLI::App& app, Action& action, const Body<RunsArguments>& body) {
  CLI::App* verb = app.add_subcommand("runs", "List runs: state, progress, best metric, age");
  auto arguments = std::make_shared<RunsArguments>();
  verb->add_option("folder", arguments->folder,
                   "Where to look, in folders below it too; default runs")
      ->option_text("[DIR]");
  verb->add_flag("--watch", arguments->watch,
                 "Show the table again and again until it is interrupted");
  verb->add_option("--every", arguments->every_s, "Seconds between two looks of --watch; default 2")
      ->option_text("S");
  verb->add_flag("--json", arguments->json,
                 "Print one JSON object; with --watch one a look, each on a line");
  verb->footer(
      "running: a process trains it at this moment; interrupted: stopped or killed, and can go "
      "on.\n"
      "Examples:\n"
      "  stoker runs\n"
      "  stoker runs runs/cifar10 --watch");
  set_body(*verb, action, arguments, body);
}

void add_compare(CLI::App& app, Action& action, const Body<CompareArguments>& body) {
  CLI::App* verb =
      app.add_subcommand("compare", "Compare runs: differing keys, metrics with spread, rates");
  auto arguments = std::make_shared<CompareArguments>();
  verb->add_option("runs", arguments->runs, "Two or more folders of runs")
      ->required()
      ->option_text("RUN RUN ...");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "The best of each figure has a star. Runs that differ in their seed alone are one setting,\n"
      "of which mean and deviation are printed.\n"
      "Example:\n"
      "  stoker compare runs/cifar10/1 runs/cifar10/2");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
