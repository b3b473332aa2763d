#include "command_line/export.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_export(CLI::App& app, Action& action, const Body<ExportArguments>& body) {
  CLI::App* verb = app.add_subcommand(
      "export", "A trained model's weights as a safetensors file for timm or torchvision");
  auto arguments = std::make_shared<ExportArguments>();
  verb->add_option("checkpoint", arguments->checkpoint,
                   "A run's folder (its best checkpoint), checkpoints/latest, or a checkpoint")
      ->required();
  verb->add_option("file", arguments->file, "The .safetensors file to write")->required();
  verb->add_option("overrides", arguments->overrides, "Such as eval.average=0.99")
      ->option_text("[key=value ...]");
  verb->add_option("--names", arguments->names,
                   "Whose names the tensors get: timm, which are the model's own, or torchvision")
      ->check(CLI::IsMember({"timm", "torchvision"}))
      ->capture_default_str();
  verb->add_flag("--fold", arguments->fold,
                 "Write branches that training has side by side as the one layer that inference "
                 "needs (RepVGG)");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Examples:\n"
      "  stoker export runs/photos/1 photos.safetensors\n"
      "  stoker export runs/photos/1 photos.safetensors --names torchvision");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
