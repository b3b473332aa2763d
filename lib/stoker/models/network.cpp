#include "stoker/models/network.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/max_pool2d.h>

#include <memory>

#include "stoker/core/error.h"
#include "stoker/models/chain.h"
#include "stoker/nn/convolution.h"

namespace stoker::models {
namespace {

// The prefixes of a part's parameters.
std::vector<std::string> prefixes_of(const Network::Modules& modules) {
  std::vector<std::string> prefixes;
  for (const auto& [path, module] : modules) {
    if (!module->parameters().empty()) prefixes.push_back(path + ".");
  }
  return prefixes;
}

}  // namespace

void describe(NetworkOptions& options, config::Fields& fields) {
  describe_common(options.drop_path, options.dropout, options.pool, fields);
}

void check_drops_nothing(std::string_view model, const NetworkOptions& options) {
  if (options.drop_path > 0)
    throw ConfigError(
        fmt::format("model.drop_path: {} never leaves a branch out. Take it out, or choose another "
                    "network.",
                    model));
}

void describe_common(double& drop_path, double& dropout, Pool& pool, config::Fields& fields) {
  fields("drop_path", drop_path,
         "share of images for which the last residual block is skipped; earlier ones in proportion "
         "to their depth")
      .in(0, 0.99);
  fields("dropout", dropout, "share of features dropped before the classifier").in(0, 0.99);
  describe_pool(pool, fields);
}

void Network::add(const std::string& path, const std::shared_ptr<Layer>& layer) {
  add(Modules{{path, layer}},
      [layer](const at::Tensor& x, bool keep) { return layer->forward(x, keep); });
}

void Network::add(const Modules& modules, Body body) {
  for (const auto& [path, module] : modules) place(path, module);
  if (!prefixes_of(modules).empty()) last_block_ = parts_.size();
  parts_.push_back({modules, std::move(body)});
}

void Network::add_conv(const std::string& conv_path, const ConvShape& shape,
                       const std::string& norm_path, nn::Activation activation,
                       const nn::BatchNormOptions& norm_options) {
  const Conv conv = make_conv(shape);
  const Norm norm = make_norm(shape.out, norm_options);
  add({{conv_path, conv}, {norm_path, norm}},
      [conv, norm, activation](const at::Tensor& x, bool keep) {
        return Chain(x, keep).conv(conv).norm(norm, activation).now();
      });
}

void Network::add_conv(const std::string& path, ConvShape shape, nn::Activation activation) {
  shape.bias = true;
  const Conv conv = make_conv(shape);
  add({{path, conv}}, [conv, activation](const at::Tensor& x, bool) {
    return nn::convolve_activate(*conv, activation, x);
  });
}

void Network::max_pool(int64_t kernel, int64_t stride, int64_t padding, bool ceil) {
  add([=](const at::Tensor& x, bool) {
    return at::max_pool2d(x, kernel, stride, padding, /*dilation=*/1, ceil);
  });
}

void Network::dropout(double rate) {
  if (rate > 0)
    add([this, rate](const at::Tensor& x, bool) { return at::dropout(x, rate, is_training()); });
}

void Network::classify(const std::string& path, int64_t features, int64_t classes, bool bias) {
  add([](const at::Tensor& x, bool) { return at::flatten(x, 1); });
  dropout(options_.dropout);
  classifier_ = make_linear(features, classes, bias);
  head_ = path;
  place(path, classifier_);
}

void Network::end_with(const std::string& path) {
  head_ = path;
  STOKER_CHECK(parts_.back().modules.back().first == path, "{} is not the last part", path);
}

at::Tensor Network::run(const Part& part, const at::Tensor& x) const {
  const bool keep = recompute() == Recompute::kNone;
  if (part.modules.empty()) return part.body(x, keep);
  const auto parameters = [&part] {
    std::vector<at::Tensor> all;
    for (const auto& [path, module] : part.modules)
      for (const at::Tensor& parameter : module->parameters()) all.push_back(parameter);
    return all;
  };
  const auto piece = [body = part.body, keep](const at::Tensor& in) { return body(in, keep); };
  return run_block(piece, parameters, x, &part == &parts_[last_block_]);
}

at::Tensor Network::forward(const at::Tensor& images) {
  at::Tensor x = images;
  for (const Part& part : parts_) x = run(part, x);
  return classifier_ ? classifier_->forward(x) : x;
}

std::vector<Segment> Network::segments() {
  std::vector<Segment> segments;
  for (const Part& part : parts_) {
    Segment& segment = segments.emplace_back();
    for (const auto& [path, module] : part.modules) segment.prefixes.push_back(path + ".");
    segment.run = [this, &part](const at::Tensor& x) { return run(part, x); };
  }
  if (classifier_)
    segments.push_back({{head()}, [this](const at::Tensor& x) { return classifier_->forward(x); }});
  return segments;
}

std::string Network::stem() const {
  for (const Part& part : parts_)
    for (const auto& [path, module] : part.modules)
      for (const auto& parameter : module->named_parameters())
        if (parameter.value().dim() == 4) return path + "." + parameter.key();
  return "";
}

std::vector<std::vector<std::string>> Network::layers() const {
  std::vector<std::vector<std::string>> layers;
  for (const Part& part : parts_) {
    std::vector<std::string> prefixes = prefixes_of(part.modules);
    if (!prefixes.empty()) layers.push_back(std::move(prefixes));
  }
  if (classifier_) layers.push_back({head()});
  return layers;
}

// Makes the modules between on the way.
void Network::place(const std::string& path, const std::shared_ptr<torch::nn::Module>& module) {
  torch::nn::Module* parent = this;
  size_t begin = 0;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string name = path.substr(begin, dot - begin);
    const auto children = parent->named_children();
    const auto* found = children.find(name);
    parent = found != nullptr
                 ? found->get()
                 : parent->register_module(name, std::make_shared<torch::nn::Module>()).get();
    begin = dot + 1;
  }
  parent->register_module(path.substr(begin), module);
}

}  // namespace stoker::models
