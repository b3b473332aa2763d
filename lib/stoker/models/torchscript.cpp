// torchscript: a module that another program scripted or traced, as torch.jit.save wrote it.
//
// Such a file holds code that runs with the rights of this process, so a config must vouch for it
// with trust_code. Its parameters and buffers appear under the names they have there; what shapes
// it takes and gives is its own affair, and tried once when it is built.
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <exception>
#include <filesystem>
#include <set>

#include "stoker/models/check.h"

namespace stoker::models {
namespace {

struct TorchscriptOptions {
  std::string file;
  bool trust_code = false;
};

void describe(TorchscriptOptions& options, config::Fields& fields) {
  fields("file", options.file, "what torch.jit.save wrote").required();
  fields("trust_code", options.trust_code,
         "true vouches for the file: it holds code, which runs with your rights");
}

// What went wrong, without the traces that LibTorch puts around it.
std::string short_message(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find("\nException raised from"));
  const size_t last = text.rfind("\nRuntimeError: ");
  return last == std::string::npos ? text : text.substr(last + 1);
}

// Shows the tensors of a scripted module to code that walks torch::nn::Module. Both hold the same
// tensors, so moving or loading one moves or loads the other.
class Mirror : public torch::nn::Module {
 public:
  explicit Mirror(const torch::jit::Module& scripted) { mirror(scripted, *this); }

  static void mirror(const torch::jit::Module& scripted, torch::nn::Module& shown) {
    for (const auto& parameter : scripted.named_parameters(/*recurse=*/false))
      shown.register_parameter(parameter.name, parameter.value, parameter.value.requires_grad());
    for (const auto& buffer : scripted.named_buffers(/*recurse=*/false))
      shown.register_buffer(buffer.name, buffer.value);
    for (const auto& child : scripted.named_children())
      shown.register_module(child.name, std::make_shared<Mirror>(child.value));
  }
};

class Torchscript : public Model {
 public:
  Torchscript(std::string file, torch::jit::Module scripted)
      : file_(std::move(file)), scripted_(std::move(scripted)) {
    Mirror::mirror(scripted_, *this);
    std::set<const void*> seen;
    for (const auto& parameter : named_parameters()) {
      if (!seen.insert(parameter.value().unsafeGetTensorImpl()).second)
        throw ConfigError(fmt::format(
            "model.file: {}: its parameter {} is another one too; stoker trains no module whose "
            "parts share parameters.",
            file_, parameter.key()));
    }
  }

  // Nobody can know; one that does not fails in its first step.
  bool takes_any_size() const override { return true; }

  at::Tensor forward(const at::Tensor& images) override {
    // The optimizing executor computes other bits after it has seen a few batches, which would make
    // a run that goes on differ from one that was never stopped.
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);
    const c10::IValue logits = scripted_.forward({images});
    if (!logits.isTensor()) {
      throw ConfigError(fmt::format(
          "model.file: {}: its forward gives {}, expected one tensor of logits [N, classes].",
          file_, logits.tagKind()));
    }
    return logits.toTensor();
  }

  void train(bool on = true) override {
    Model::train(on);
    scripted_.train(on);
    if (on) keep_frozen_statistics(scripted_);
  }

  std::string head() const override { return ""; }

 private:
  // As nn::BatchNorm: a norm whose parameters are frozen does not learn statistics either.
  static void keep_frozen_statistics(torch::jit::Module& module) {
    for (torch::jit::Module child : module.children()) keep_frozen_statistics(child);
    if (!module.hasattr("running_mean")) return;
    size_t parameters = 0, frozen = 0;
    for (const at::Tensor& parameter : module.parameters(/*recurse=*/false)) {
      ++parameters;
      frozen += parameter.requires_grad() ? 0 : 1;
    }
    if (parameters > 0 && frozen == parameters) module.eval();
  }

  std::string file_;
  torch::jit::Module scripted_;
};

torch::jit::Module load(const std::string& file) {
  if (!std::filesystem::is_regular_file(file)) {
    throw ConfigError(fmt::format("model.file: {}: no such file.", file));
  }
  try {
    return torch::jit::load(file, at::kCPU);
  } catch (const c10::Error& error) {
    throw DataError(fmt::format(
        "{}: cannot be read as a TorchScript module: {}. Expected a file of torch.jit.save; "
        "weights alone go into model.weights of another model, as safetensors.",
        file, short_message(error)));
  }
}

// One pass over a blank image shows what would otherwise fail in the first step.
void try_once(Model& model, const std::string& file, const ModelContext& context) {
  const c10::NoGradGuard no_grad;
  model.eval();
  at::Tensor logits;
  try {
    logits = model.forward(at::zeros({2, context.channels, context.height, context.width}));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // the interpreter throws more than c10::Error
    throw ConfigError(fmt::format(
        "model.file: {} does not take images [2, {}, {}, {}] (N, channels, height, width): {}",
        file, context.channels, context.height, context.width, short_message(error)));
  }
  if (!logits.sizes().equals({2, context.classes})) {
    throw ConfigError(fmt::format(
        "model.file: {} gives [{}] for 2 images; the data has {} classes, so [2, {}] is needed. "
        "Script the module with that many outputs.",
        file, fmt::join(logits.sizes().begin(), logits.sizes().end(), ", "), context.classes,
        context.classes));
  }
  model.train();
}

std::shared_ptr<Model> build_torchscript(const TorchscriptOptions& options,
                                         const ModelContext& context) {
  check_context("torchscript", context, {});
  if (!options.trust_code) {
    throw ConfigError(fmt::format(
        "model.file: {} is not opened: a TorchScript module is code, which runs with your rights. "
        "If you made it or trust who did, set model.trust_code: true. Weights need no trust: save "
        "them as safetensors and name them under model.weights.",
        options.file));
  }
  auto model = std::make_shared<Torchscript>(options.file, load(options.file));
  if (model->parameters().empty()) {
    throw ConfigError(
        fmt::format("model.file: {} has no parameters, so there is nothing to train. A module that "
                    "torch.jit.freeze made has none: save it as it was before.",
                    options.file));
  }
  try_once(*model, options.file, context);
  return model;
}

}  // namespace

ModelTable::Row torchscript_row();
ModelTable::Row torchscript_row() {
  return ModelTable::row<TorchscriptOptions>(
      "torchscript", "a module that PyTorch scripted or traced, with its own weights",
      build_torchscript);
}

}  // namespace stoker::models
