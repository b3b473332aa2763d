#include "command_line/report.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_report(CLI::App& app, Action& action, const Body<ReportArguments>& body) {
  CLI::App* verb =
      app.add_subcommand("report", "Write what runs or a sweep came to as one HTML page");
  auto arguments = std::make_shared<ReportArguments>();
  verb->add_option("folders", arguments->folders,
                   "A run's folder; several, to lay them over each other; or a sweep's folder")
      ->required()
      ->option_text("RUN ...|SWEEP");
  verb->add_option("-o,--out", arguments->out,
                   "The page; - for standard output; default report.html")
      ->option_text("FILE");
  verb->footer(
      "The page is whole: it needs no network and can be sent as it is.\n"
      "Examples:\n"
      "  stoker report runs/cifar10/1\n"
      "  stoker report runs/cifar10/1 runs/cifar10/2 -o both.html\n"
      "  stoker report runs/quickstart/sweep-1 -o sweep.html");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
