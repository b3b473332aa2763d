#include "command_line/config.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_config(CLI::App& app, Action& action, const ConfigBodies& bodies) {
  CLI::App* verb = app.add_subcommand("config", "Show, check and describe configurations");
  verb->require_subcommand(1);
  verb->footer(
      "Example:\n  stoker config print configs/cifar10.yaml\nEach has a --help of its own.");

  CLI::App* print_verb =
      verb->add_subcommand("print", "Every value of a config, and where it came from");
  auto to_print = std::make_shared<ConfigPrintArguments>();
  print_verb->add_option("config", to_print->path, "The YAML file")->required();
  print_verb->add_option("overrides", to_print->overrides, "Such as train.batch_size=512")
      ->option_text("[key=value ...]");
  print_verb->add_flag("--json", to_print->json, "Print the values as JSON");
  print_verb->footer("Example:\n  stoker config print configs/cifar10.yaml train.epochs=8");
  set_body(*print_verb, action, to_print, bodies.print);

  CLI::App* check_verb = verb->add_subcommand("check", "Find every mistake in config files");
  auto to_check = std::make_shared<ConfigCheckArguments>();
  check_verb
      ->add_option("configs", to_check->words, "YAML files, and overrides such as train.epochs=8")
      ->required()
      ->option_text("CONFIG ... [key=value ...]");
  check_verb
      ->add_option(
          "--each", to_check->each,
          "Check one config with each of many lists of overrides, a JSON list a line of "
          "this file (-: standard input), and print a JSON object for each: problems (null "
          "for none) and config, every value")
      ->option_text("FILE");
  check_verb->footer(
      "Finds what training would refuse without looking at the data.\n"
      "Example:\n"
      "  stoker config check configs/*.yaml");
  set_body(*check_verb, action, to_check, bodies.check);

  CLI::App* init_verb =
      verb->add_subcommand("init", "Look at a data set and write a config that fits it");
  auto to_init = std::make_shared<ConfigInitArguments>();
  init_verb
      ->add_option("data", to_init->data,
                   "Class folders, train and val folders of those, CIFAR's or MNIST's files, .tar "
                   "shards, or a .csv manifest")
      ->required();
  init_verb->add_option("--out", to_init->out,
                        "A file that is not there yet; default: - prints it");
  init_verb->footer("Example:\n  stoker config init photos --out photos.yaml");
  set_body(*init_verb, action, to_init, bodies.init);

  const auto page = std::make_shared<ConfigPageArguments>();
  CLI::App* schema_verb =
      verb->add_subcommand("schema", "JSON Schema (2020-12) of configs, for editors");
  schema_verb->footer("Example:\n  stoker config schema > stoker.schema.json");
  set_body(*schema_verb, action, page, bodies.schema);

  CLI::App* reference_verb =
      verb->add_subcommand("reference", "Every option as a page of Markdown (docs/config.md)");
  reference_verb->footer("Example:\n  stoker config reference > options.md");
  set_body(*reference_verb, action, page, bodies.reference);
}

}  // namespace stoker::app
