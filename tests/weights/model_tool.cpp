// What tests/weights/peer_models.py and tests/cli/test_torchscript.py ask of the models here.
//
//   model_tool rows                                   names of the residual networks
//   model_tool names MODEL                            "name [shape]" of each tensor, 1000 classes
//   model_tool write MODEL CLASSES FILE               random weights
//   model_tool script CLASSES FILE                    a small TorchScript module
//   model_tool logits MODEL CLASSES WEIGHTS IN OUT    of the tensor `images` in IN, in eval mode
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
#include "stoker/models/model.h"
#include "stoker/models/resnet.h"
#include "stoker/weights/foreign_names.h"
#include "stoker/weights/safetensors_image.h"
#include "stoker/weights/state_dict.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

std::shared_ptr<models::Model> build(const std::string& name, int64_t classes) {
  config::Choice choice = models::models().pick(name);
  choice.as<models::ResnetOptions>().stem = models::Stem::kImagenet;
  return models::models().build(choice, {.classes = classes, .height = 64, .width = 64});
}

void print_rows() {
  for (const config::Alternative& row : models::models().rows())
    if (row.name.find("resne") != std::string_view::npos) fmt::print("{}\n", row.name);
}

void print_names(const std::string& name) {
  for (const auto& [key, tensor] : state_dict(*build(name, 1000)))
    fmt::print("{} [{}]\n", key, fmt::join(tensor.sizes(), ", "));
}

void write(const std::string& name, int64_t classes, const std::string& path) {
  at::manual_seed(3);
  const auto model = build(name, classes);
  const c10::NoGradGuard no_grad;
  for (auto& [key, tensor] : state_dict(*model))  // norms as training leaves them, not the identity
    if (key.find("running_") != std::string::npos) tensor.uniform_(0.5, 1.5);
  write_safetensors(real_file_system(), path, state_dict(*model), {{"format", "pt"}});
}

void write_logits(const std::string& name, int64_t classes, const std::string& weights,
                  const std::string& in, const std::string& out) {
  const auto model = build(name, classes);
  std::set<std::string> own;
  for (const auto& [key, tensor] : state_dict(*model)) own.insert(key);
  const PlainNames plain = without_wrappers(read_weights(weights), own);
  if (const LoadReport report = load_state_dict(*model, plain.tensors); !report.ok())
    throw DataError(report.message());
  model->eval();
  const c10::NoGradGuard no_grad;
  const at::Tensor logits = model->forward(SafetensorsFile(in).tensor("images"));
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
    write(words[1], std::atoi(words[2].c_str()), words[3]);
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
