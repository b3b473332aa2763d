#include "stoker/weights/state_dict.h"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

#include "formula.h"
#include "stoker/core/error.h"
#include "stoker/weights/safetensors_image.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

// conv without bias, norm with buffers, a parameter and a buffer of its own, a nested child.
struct NetImpl : torch::nn::Module {
  explicit NetImpl(int64_t classes) {
    conv =
        register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 2).bias(false)));
    norm = register_module("norm", torch::nn::BatchNorm2d(5));
    head = register_module("head", torch::nn::Sequential(torch::nn::Linear(7, classes)));
    mean = register_buffer("mean", test::fill({3}, at::kFloat));
    scale = register_parameter("scale", test::fill({2}, at::kFloat));
  }
  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
  torch::nn::Sequential head{nullptr};
  at::Tensor mean, scale;
};
TORCH_MODULE(Net);

std::vector<std::string> names_of(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

NamedTensors copied(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

void drop(NamedTensors& tensors, const std::string& name) {
  std::erase_if(tensors, [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

// The list is what Python's state_dict() gives for the same module.
TEST_CASE("names and their order are those of Python") {
  CHECK(names_of(state_dict(*Net(11))) ==
        std::vector<std::string>{"scale", "mean", "conv.weight", "norm.weight", "norm.bias",
                                 "norm.running_mean", "norm.running_var",
                                 "norm.num_batches_tracked", "head.0.weight", "head.0.bias"});
}

TEST_CASE("a state dict is live") {
  Net net(11);
  const torch::NoGradGuard no_grad;
  state_dict(*net)[0].second.fill_(41);
  CHECK(net->scale[1].item<float>() == 41);
}

TEST_CASE("weights go through a file into another module") {
  const test::TemporaryFolder folder;
  Net from(11), to(11);
  from->norm->running_var.fill_(3);
  from->norm->num_batches_tracked.fill_(17);
  write_safetensors(real_file_system(), folder.path() / "a", state_dict(*from));
  const LoadReport report = load_state_dict(*to, read_weights(folder.path() / "a"));
  CHECK(report.ok());
  CHECK(report.message().empty());
  const auto a = state_dict(*from), b = state_dict(*to);
  for (size_t i = 0; i < a.size(); ++i) CHECK(test::identical(a[i].second, b[i].second));
  CHECK(to->conv->weight.requires_grad());
  CHECK(to->conv->weight.is_leaf());
}

TEST_CASE("what does not fit is reported in full, and the rest is loaded") {
  Net from(11), to(13);
  NamedTensors tensors = copied(state_dict(*from));
  drop(tensors, "norm.bias");
  drop(tensors, "mean");
  tensors.emplace_back("fc.weight", test::fill({2}, at::kFloat));
  tensors.emplace_back("fc.bias", test::fill({2}, at::kFloat));
  const LoadReport report = load_state_dict(*to, tensors);
  CHECK_FALSE(report.ok());
  CHECK(report.missing == std::vector<std::string>{"mean", "norm.bias"});
  CHECK(report.unexpected == std::vector<std::string>{"fc.weight", "fc.bias"});
  CHECK(report.misshapen == std::vector<std::string>{"head.0.weight: file [11, 7], model [13, 7]",
                                                     "head.0.bias: file [11], model [13]"});
  CHECK(report.message() ==
        "missing in the file (2):\n  mean\n  norm.bias\n"
        "unexpected in the file (2):\n  fc.weight\n  fc.bias\n"
        "of another shape (2):\n  head.0.weight: file [11, 7], model [13, 7]\n"
        "  head.0.bias: file [11], model [13]");
  CHECK(test::identical(from->conv->weight.detach(), to->conv->weight.detach()));
}

TEST_CASE("old files without num_batches_tracked load") {
  Net from(11), to(11);
  NamedTensors tensors = copied(state_dict(*from));
  drop(tensors, "norm.num_batches_tracked");
  CHECK(load_state_dict(*to, tensors).ok());
}

TEST_CASE("other dtypes are cast") {
  Net from(11), to(11);
  NamedTensors tensors;
  for (const auto& [name, tensor] : state_dict(*from)) {
    tensors.emplace_back(name, tensor.detach().to(at::kDouble));
  }
  CHECK(load_state_dict(*to, tensors).ok());
  CHECK(to->conv->weight.scalar_type() == at::kFloat);
  CHECK(test::identical(from->conv->weight.detach(), to->conv->weight.detach()));
}

TEST_CASE("a scalar is not spread over a tensor") {
  Net net(11);
  NamedTensors tensors = copied(state_dict(*net));
  for (auto& [name, tensor] : tensors) {
    if (name == "scale") tensor = test::fill({}, at::kFloat);
  }
  CHECK(load_state_dict(*net, tensors).misshapen ==
        std::vector<std::string>{"scale: file [], model [2]"});
}

TEST_CASE("a name given twice is a defect") {
  Net net(11);
  NamedTensors tensors = copied(state_dict(*net));
  tensors.push_back(tensors.front());
  CHECK_THROWS_AS(load_state_dict(*net, tensors), InternalError);
}
