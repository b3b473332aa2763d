#include <ATen/Context.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <torch/script.h>

#include <fstream>

#include "stoker/core/error.h"
#include "stoker/models/model.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::models {
namespace {

const ModelContext kContext{.classes = 4, .channels = 3, .height = 6, .width = 5};

// A batch norm of its own, so that the name of its statistics shows; then means and a linear layer.
torch::jit::Module norm() {
  torch::jit::Module module("norm");
  module.register_attribute("training", c10::BoolType::get(), true);
  module.register_parameter("weight", at::ones({3}), false);
  module.register_parameter("bias", at::zeros({3}), false);
  module.register_buffer("running_mean", at::zeros({3}));
  module.register_buffer("running_var", at::ones({3}));
  module.define(R"(
    def forward(self, x):
        return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var,
                                self.training, 0.5, 1e-5, False)
  )");
  return module;
}

torch::jit::Module network(int64_t classes = 4) {
  torch::jit::Module module("network");
  module.register_module("norm", norm());
  at::manual_seed(7);
  module.register_parameter("weight", at::randn({classes, 3}), false);
  module.register_parameter("bias", at::zeros({classes}), false);
  module.define(R"(
    def forward(self, x):
        y = self.norm.forward(x).mean([2, 3])
        return torch.linear(y, self.weight, self.bias)
  )");
  for (const at::Tensor& parameter : module.parameters())
    at::Tensor(parameter).set_requires_grad(true);
  return module;
}

class Script {
 public:
  explicit Script(const torch::jit::Module& module) { module.save(path()); }
  std::string path() const { return (folder_.path() / "net.pt").string(); }

  std::shared_ptr<Model> build(bool trust_code = true,
                               const ModelContext& context = kContext) const {
    return models().build(choice(trust_code), context);
  }
  std::string refusal(bool trust_code = true, const ModelContext& context = kContext) const {
    try {
      build(trust_code, context);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

 private:
  // The row's options are known to its file alone; the config's own words set them.
  config::Choice choice(bool trust_code) const {
    config::Choice choice = models().pick("torchscript");
    config::Fields fields;
    models().describe_row(choice, fields);
    for (const config::Field& field : fields.list()) {
      if (field.name == "file") *std::get<std::string*>(field.ref) = path();
      if (field.name == "trust_code") *std::get<bool*>(field.ref) = trust_code;
    }
    return choice;
  }

  test::TemporaryFolder folder_;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a scripted module is a model like the others", "[models]") {
  const Script script(network());
  const auto model = script.build();
  CHECK(model->named_parameters().keys() ==
        std::vector<std::string>{"weight", "bias", "norm.weight", "norm.bias"});
  CHECK(model->named_buffers().keys() ==
        std::vector<std::string>{"norm.running_mean", "norm.running_var"});
  const at::Tensor images = at::randn({2, 3, 6, 5});
  at::Tensor logits = model->forward(images);
  CHECK(logits.sizes() == at::IntArrayRef({2, 4}));
  logits.square().sum().backward();
  CHECK(model->named_parameters()["norm.weight"].grad().defined());
  // The tensors shown are those that compute.
  model->eval();
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters()) parameter.zero_();
  CHECK(model->forward(images).eq(0).all().item<bool>());
  model->to(at::kDouble);
  CHECK(model->forward(images.to(at::kDouble)).scalar_type() == at::kDouble);
}

TEST_CASE("training and eval mode reach a scripted module, freezing its norms too", "[models]") {
  const Script script(network());
  const auto model = script.build();
  const at::Tensor images = at::randn({2, 3, 6, 5}) + 3;
  const at::Tensor mean = model->named_buffers()["norm.running_mean"];
  CHECK(mean.eq(0).all().item<bool>());  // trying the module at the start leaves no trace
  model->eval();
  model->forward(images);
  CHECK(mean.eq(0).all().item<bool>());
  model->train();
  model->forward(images);
  const at::Tensor learned = mean.clone();
  CHECK_FALSE(learned.eq(0).any().item<bool>());
  freeze(*model, {"^norm\\."});
  model->train();
  model->forward(images);
  CHECK(mean.equal(learned));
  CHECK(model->is_training());
}

TEST_CASE("gradients of a scripted module do not depend on how often it ran", "[models]") {
  const Script script(network());
  const at::Tensor images = at::randn({2, 3, 6, 5});
  std::vector<at::Tensor> gradients;
  const auto model = script.build();
  for (int pass = 0; pass < 4; ++pass) {
    model->zero_grad();
    model->forward(images).square().sum().backward();
    gradients.push_back(model->named_parameters()["norm.weight"].grad().clone());
  }
  for (const at::Tensor& gradient : gradients) CHECK(gradient.equal(gradients[0]));
}

TEST_CASE("a module that nobody vouches for is not opened", "[models]") {
  const Script script(network());
  const std::string message = script.refusal(/*trust_code=*/false);
  CHECK(has(message, "runs with your rights"));
  CHECK(has(message, "model.trust_code: true"));
  // Not even looked at: the refusal is the same for a file that is none.
  std::ofstream(script.path(), std::ios::binary) << "nothing";
  CHECK(script.refusal(/*trust_code=*/false) == message);
}

TEST_CASE("a scripted module that does not fit says how", "[models]") {
  CHECK(has(Script(network(5)).refusal(), "gives [2, 5] for 2 images; the data has 4 classes"));
  CHECK(has(Script(network()).refusal(true, {.classes = 4, .channels = 1, .height = 6, .width = 5}),
            "does not take images [2, 1, 6, 5]"));
  torch::jit::Module pair("pair");
  pair.register_parameter("scale", at::ones({1}), /*is_buffer=*/false);
  pair.define("def forward(self, x):\n    return (x, x)\n");
  const std::string message = Script(pair).refusal();
  INFO(message);
  CHECK(has(message, "expected one tensor of logits"));
}

TEST_CASE("a file that is no scripted module is an error of the data", "[models]") {
  const Script script(network());
  std::ofstream(script.path(), std::ios::binary) << "PK\x03\x04 and then nothing";
  CHECK_THROWS_AS(script.build(), DataError);
  CHECK(has(script.refusal(), "torch.jit.save"));
  std::filesystem::remove(script.path());
  CHECK(has(script.refusal(), "no such file"));
}

}  // namespace
}  // namespace stoker::models
