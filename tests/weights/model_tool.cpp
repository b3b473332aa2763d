// What peer_models.py and export_peers.py beside this, and tests/cli/test_torchscript.py, ask of
// the models here.
//
//   model_tool rows                                   names of the residual networks
//   model_tool names MODEL                            "name [shape]" of each tensor, 1000 classes
//   model_tool write MODEL CLASSES FILE               random weights
//   model_tool peers                                  "row name" of each network of torchvision's
//   model_tool theirs MODEL SIDE                      as names, under torchvision's
//   model_tool both MODEL CLASSES SIDE FILE THEIRS    random weights, under both names
//   model_tool folded MODEL CLASSES FILE ONE          random weights, and with branches folded
//   model_tool script CLASSES FILE                    a small TorchScript module
//   model_tool logits MODEL CLASSES WEIGHTS IN OUT    of the square images [N, 3, side, side],
//   tensor `images` in IN, in eval mode
#include <ATen/Context.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/script.h>

#include <cstdlib>
#include <set>
#include <string>

#include "stoker/core/error.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/fold.h"
#include "stoker/models/model.h"
#include "stoker/models/resnet.h"
#include "stoker/weights/dialects.h"
#include "stoker/weights/foreign_names.h"
#include "stoker/weights/safetensors_image.h"
#include "stoker/weights/state_dict.h"
#include "stoker/zoo/torchvision.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

bool is_residual(std::string_view name) {
  return name.find("resne") != std::string_view::npos && !name.starts_with("nf_");
}

std::shared_ptr<models::Model> build(const std::string& name, int64_t classes, int64_t side = 64) {
  config::Choice choice = models::models().pick(name);
  if (is_residual(name)) choice.as<models::ResnetOptions>().stem = models::Stem::kImagenet;
  return models::models().build(choice, {.classes = classes, .height = side, .width = side});
}

// Of a model that is torchvision's, under its names there.
NamedTensors as_torchvision(const std::string& row, const models::Model& model) {
  const zoo::TorchvisionNetwork* network = zoo::torchvision_network(row);
  STOKER_CHECK(network != nullptr, "{} is not torchvision's", row);
  if (network->dialect.empty()) return state_dict(model);
  Respelling made = spelled_as(state_dict(model), network->dialect);
  STOKER_CHECK(made.unknown.empty(), "no names for {}", made.unknown.size());
  return std::move(made.tensors);
}

void print_rows() {
  for (const config::Alternative& row : models::models().rows())
    if (is_residual(row.name)) fmt::print("{}\n", row.name);
}

void print_names(const std::string& name) {
  for (const auto& [key, tensor] : state_dict(*build(name, 1000)))
    fmt::print("{} [{}]\n", key, fmt::join(tensor.sizes(), ", "));
}

void print_theirs(const std::string& row, int64_t side) {
  const models::BlankWeights shapes_alone;
  for (const auto& [key, tensor] : as_torchvision(row, *build(row, 1000, side)))
    fmt::print("{} [{}]\n", key, fmt::join(tensor.sizes(), ", "));
}

std::shared_ptr<models::Model> random(const std::string& name, int64_t classes, int64_t side) {
  at::manual_seed(3);
  auto model = build(name, classes, side);
  const c10::NoGradGuard no_grad;
  // Norms as training leaves them, neither the identity nor zero.
  for (auto& [key, tensor] : state_dict(*model)) {
    if (key.ends_with("running_mean"))
      tensor.uniform_(-0.5, 0.5);
    else if (key.ends_with("running_var") || (tensor.dim() == 1 && key.ends_with("weight")))
      tensor.uniform_(0.5, 1.5);
  }
  return model;
}

void write(const std::string& path, const NamedTensors& tensors) {
  write_safetensors(real_file_system(), path, tensors, {{"format", "pt"}});
}

void write_both(const std::string& name, int64_t classes, int64_t side, const std::string& ours,
                const std::string& theirs) {
  const auto model = random(name, classes, side);
  write(ours, state_dict(*model));
  write(theirs, as_torchvision(name, *model));
}

void write_folded(const std::string& name, int64_t classes, const std::string& ours,
                  const std::string& folded) {
  const auto model = random(name, classes, 64);
  write(ours, state_dict(*model));
  models::fold_branches(*model);
  write(folded, state_dict(*model));
}

void write_logits(const std::string& name, int64_t classes, const std::string& weights,
                  const std::string& in, const std::string& out) {
  const at::Tensor images = SafetensorsFile(in).tensor("images");
  const bool square = images.size(2) == images.size(3);
  const auto model = square ? build(name, classes, images.size(2)) : build(name, classes);
  std::set<std::string> own;
  for (const auto& [key, tensor] : state_dict(*model)) own.insert(key);
  const PlainNames plain = without_wrappers(read_weights(weights), own);
  if (const LoadReport report = load_state_dict(*model, plain.tensors); !report.ok())
    throw DataError(report.message());
  model->eval();
  const c10::NoGradGuard no_grad;
  const at::Tensor logits = model->forward(images);
  write_safetensors(real_file_system(), out, {{"logits", logits}});
}

torch::jit::Module layer(const std::string& name, const at::Tensor& weight, const at::Tensor& bias,
                         const std::string& code) {
  torch::jit::Module module(name);
  module.register_attribute("training", c10::BoolType::get(), true);
  module.register_parameter("weight", weight.set_requires_grad(true), false);
  module.register_parameter("bias", bias.set_requires_grad(true), false);
  if (name == "norm") {
    module.register_buffer("running_mean", at::zeros({bias.size(0)}));
    module.register_buffer("running_var", at::ones({bias.size(0)}));
  }
  module.define("def forward(self, x):\n    return " + code + "\n");
  return module;
}

// As torch.jit.script would make it.
void script(int64_t classes, const std::string& path) {
  at::manual_seed(3);
  torch::jit::Module net("net");
  net.register_attribute("training", c10::BoolType::get(), true);
  net.register_module("conv", layer("conv", at::randn({8, 3, 3, 3}) * 0.2, at::zeros({8}),
                                    "torch.conv2d(x, self.weight, self.bias)"));
  net.register_module("norm",
                      layer("norm", at::ones({8}), at::zeros({8}),
                            "torch.batch_norm(x, self.weight, self.bias, self.running_mean, "
                            "self.running_var, self.training, 0.1, 1e-5, False)"));
  net.register_module("head", layer("head", at::randn({classes, 8}) * 0.3, at::zeros({classes}),
                                    "torch.linear(x, self.weight, self.bias)"));
  net.define(R"(
    def forward(self, x):
        x = torch.relu(self.norm.forward(self.conv.forward(x)))
        return self.head.forward(torch.dropout(x.mean([2, 3]), 0.1, self.training))
  )");
  net.save(path);
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "rows") {
    print_rows();
  } else if (words.size() == 2 && words[0] == "names") {
    print_names(words[1]);
  } else if (words.size() == 4 && words[0] == "write") {
    write(words[3], state_dict(*random(words[1], std::atoi(words[2].c_str()), 64)));
  } else if (words.size() == 1 && words[0] == "peers") {
    for (const zoo::TorchvisionNetwork& network : zoo::torchvision_networks())
      fmt::print("{} {}\n", network.row, network.name);
  } else if (words.size() == 3 && words[0] == "theirs") {
    print_theirs(words[1], std::atoi(words[2].c_str()));
  } else if (words.size() == 5 && words[0] == "folded") {
    write_folded(words[1], std::atoi(words[2].c_str()), words[3], words[4]);
  } else if (words.size() == 6 && words[0] == "both") {
    write_both(words[1], std::atoi(words[2].c_str()), std::atoi(words[3].c_str()), words[4],
               words[5]);
  } else if (words.size() == 3 && words[0] == "script") {
    script(std::atoi(words[1].c_str()), words[2]);
  } else if (words.size() == 6 && words[0] == "logits") {
    write_logits(words[1], std::atoi(words[2].c_str()), words[3], words[4], words[5]);
  } else {
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
