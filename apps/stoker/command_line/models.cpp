#include "command_line/models.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_models(CLI::App& app, Action& action, const Body<ModelsArguments>& body) {
  CLI::App* verb =
      app.add_subcommand("models", "List models: parameters, arithmetic, image size, weights");
  auto arguments = std::make_shared<ModelsArguments>();
  verb->add_option("pattern", arguments->pattern,
                   "A part of the names, or a pattern with * and ?; default: all")
      ->option_text("[PATTERN]");
  CLI::Option* json = verb->add_flag("--json", arguments->json, "Print one JSON object");
  verb->add_flag("--markdown", arguments->markdown, "Print a page of Markdown (docs/models.md)")
      ->excludes(json);
  verb->footer(
      "GMACs are multiply-adds of one image of the size given, in billions.\n"
      "Examples:\n"
      "  stoker models mobilenet\n"
      "  stoker models 'regnet?_00*' --json");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
