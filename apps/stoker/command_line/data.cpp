#include "command_line/data.h"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <string>

#include "command_line/data_pack.h"
#include "command_line/declare.h"
#include "stoker/fetch/known_datasets.h"

namespace stoker::app {
namespace {

void add_get(CLI::App& parent, Action& action, const DataBodies& bodies) {
  CLI::App* verb = parent.add_subcommand("get", "Fetch a public data set");
  auto arguments = std::make_shared<DataGetArguments>();
  std::string names;
  for (const fetch::KnownDataset& dataset : fetch::known_datasets())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", dataset.name);
  verb->add_option("name", arguments->name, names)->required();
  verb->add_option("--out", arguments->out, "Folder to put it in; default: data/NAME");
  verb->footer(
      "A transfer that broke off goes on where it stopped when the command is repeated.\n"
      "Example:\n  stoker data get cifar10 --out data/cifar10");
  set_body(*verb, action, arguments, bodies.get);
}

void add_make(CLI::App& parent, Action& action, const DataBodies& bodies) {
  CLI::App* make = parent.add_subcommand("make", "Make a data set");
  make->require_subcommand(1);
  make->footer("Example:\n  stoker data make shapes --out data/shapes");
  CLI::App* verb = make->add_subcommand("shapes", "Ten kinds of figures as a folder of PNG files");
  auto arguments = std::make_shared<MakeShapesArguments>();
  verb->add_option("--out", arguments->out, "Folder that does not exist yet")
      ->capture_default_str();
  verb->add_option("--images", arguments->images, "Images to train on")
      ->check(CLI::Range(int64_t{10}, int64_t{10'000'000}))
      ->capture_default_str();
  verb->add_option("--val-images", arguments->val_images,
                   "Images to evaluate on; default: a quarter of --images")
      ->check(CLI::Range(int64_t{10}, int64_t{10'000'000}));
  verb->add_option("--size", arguments->size, "Width and height in pixels")
      ->check(CLI::Range(8, 1024))
      ->capture_default_str();
  verb->add_option("--seed", arguments->seed, "Another seed draws other images")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  verb->add_option("--figures", arguments->figures,
                   "Put from none to so many figures into an image, and write a CSV file of its "
                   "labels for each split")
      ->check(CLI::Range(int64_t{1}, int64_t{4}));
  verb->footer("Example:\n  stoker data make shapes --out data/shapes --size 64");
  set_body(*verb, action, arguments, bodies.make_shapes);
}

std::shared_ptr<DataLookArguments> add_look_options(CLI::App* verb) {
  auto arguments = std::make_shared<DataLookArguments>();
  verb->add_option("path", arguments->path,
                   "Class folders, train and val folders of those, CIFAR's or MNIST's files, .tar "
                   "shards, or a .csv manifest");
  verb->add_option("--split", arguments->split, "Only this split");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  return arguments;
}

void add_inspect(CLI::App& parent, Action& action, const DataBodies& bodies) {
  CLI::App* verb = parent.add_subcommand("inspect", "What a data set holds");
  const auto arguments = add_look_options(verb);
  verb->add_option("--sheet", arguments->sheet,
                   "Write a contact sheet of the first split, a PNG; - is standard output");
  verb->add_option("--per-class", arguments->images_per_class, "Images a class on the sheet")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option(
      "--augment", arguments->augment_config,
      "Instead of a path: a config, whose training images are drawn several times each "
      "as the network will see them, into --sheet (default: augment.png)");
  verb->add_option("overrides", arguments->overrides, "With --augment: key=value for the config");
  verb->add_option("--samples", arguments->samples, "With --augment: rows of the sheet")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option("--draws", arguments->draws, "With --augment: epochs a row")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  stoker data inspect data/photos --sheet photos.png\n"
      "  stoker data inspect --augment configs/cifar10.yaml data.root=data/cifar10-jpeg");
  const Body<DataLookArguments> either = [bodies](const DataLookArguments& parsed) {
    return parsed.augment_config.empty() ? bodies.inspect(parsed)
                                         : bodies.inspect_augmented(parsed);
  };
  set_body(*verb, action, arguments, either);
}

void add_verify(CLI::App& parent, Action& action, const DataBodies& bodies) {
  CLI::App* verb =
      parent.add_subcommand("verify", "Decode every image and list what cannot be read");
  const auto arguments = add_look_options(verb);
  verb->get_option("path")->required();
  verb->footer(
      "Exits with 3 if anything is unreadable.\nExample:\n  stoker data verify data/photos");
  set_body(*verb, action, arguments, bodies.verify);
}

}  // namespace

void add_data(CLI::App& app, Action& action, const DataBodies& bodies) {
  CLI::App* verb = app.add_subcommand("data", "Fetch, make, inspect, verify and pack data sets");
  verb->require_subcommand(1);
  add_get(*verb, action, bodies);
  add_make(*verb, action, bodies);
  add_inspect(*verb, action, bodies);
  add_verify(*verb, action, bodies);
  add_pack(*verb, action, bodies);
  add_index(*verb, action, bodies);
  verb->footer("Example:\n  stoker data inspect data/photos\nEach has a --help of its own.");
}

}  // namespace stoker::app
