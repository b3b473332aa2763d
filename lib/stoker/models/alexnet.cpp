// AlexNet (Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014)
// with torchvision's parameter names.
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/flatten.h>

#include <string>

#include "stoker/models/check.h"
#include "stoker/models/families.h"
#include "stoker/models/network.h"

namespace stoker::models {
namespace {

using nn::Activation::kRelu;

void add_linear(Network& network, const std::string& path, int64_t in, int64_t out) {
  const Linear linear = make_linear(in, out);
  network.add({{path, linear}}, [linear](const at::Tensor& x, bool) {
    return nn::activate(kRelu, linear->forward(x));
  });
}

std::shared_ptr<Model> build_alexnet(const NetworkOptions& options, const ModelContext& context) {
  check_context("alexnet", context, {.height = 63, .width = 63});
  check_drops_nothing("alexnet", options);
  constexpr int64_t kSide = 6, kFeatures = 256, kHidden = 4096;
  auto network = std::make_shared<Network>(options);
  network->add_conv("features.0",
                    {.in = context.channels, .out = 64, .kernel = 11, .stride = 4, .padding = 2},
                    kRelu);
  network->max_pool(3, 2, 0);
  network->add_conv("features.3", {.in = 64, .out = 192, .kernel = 5}, kRelu);
  network->max_pool(3, 2, 0);
  network->add_conv("features.6", {.in = 192, .out = 384, .kernel = 3}, kRelu);
  network->add_conv("features.8", {.in = 384, .out = 256, .kernel = 3}, kRelu);
  network->add_conv("features.10", {.in = 256, .out = kFeatures, .kernel = 3}, kRelu);
  network->max_pool(3, 2, 0);
  network->add([](const at::Tensor& x, bool) {
    return at::flatten(at::adaptive_avg_pool2d(x, {kSide, kSide}), 1);
  });
  network->dropout(options.dropout);
  add_linear(*network, "classifier.1", kFeatures * kSide * kSide, kHidden);
  network->dropout(options.dropout);
  add_linear(*network, "classifier.4", kHidden, kHidden);
  const Linear last = make_linear(kHidden, context.classes);
  network->add({{"classifier.6", last}},
               [last](const at::Tensor& x, bool) { return last->forward(x); });
  network->end_with("classifier.6");
  initialize(*network, {.filters = Filters::kTorch});
  return network;
}

}  // namespace

ModelTable::Rows alexnet_rows() {
  return {ModelTable::row<NetworkOptions>("alexnet", "AlexNet, of five convolutions", build_alexnet,
                                          {.dropout = 0.5})};
}

}  // namespace stoker::models
