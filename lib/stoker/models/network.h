// A convolutional classifier as a list of parts, which a family writes down in their order.
//
//   auto network = std::make_shared<Network>(options);
//   network->add("stem", stem);                                  // a Layer under its name
//   network->add("s1.b1", block);                                // names may have dots
//   network->pool();
//   network->classify("head.fc", features, context.classes);
//   initialize(*network, {…});
//
// Each part is a layer for rates that fall with the depth, and a block that memory.checkpoint can
// compute again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/global_pool.h"
#include "stoker/models/layer.h"
#include "stoker/models/model.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

// Options that all convolutional families have.
struct NetworkOptions {
  double drop_path = 0;
  double dropout = 0;
  Pool pool = Pool::kAvg;
};
void describe(NetworkOptions& options, config::Fields& fields);
// Throws ConfigError for drop_path, of networks that leave no branches out.
void check_drops_nothing(std::string_view model, const NetworkOptions& options);
// For families that have options beside them.
void describe_common(double& drop_path, double& dropout, Pool& pool, config::Fields& fields);

class Network : public Model {
 public:
  using Modules = std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>>;
  using Body = std::function<at::Tensor(const at::Tensor& x, bool keep)>;

  explicit Network(const NetworkOptions& options) : options_(options) {}

  void add(const std::string& path, const std::shared_ptr<Layer>& layer);
  // A part whose modules have places of their own.
  void add(const Modules& modules, Body body);
  void add_conv(const std::string& conv_path, const ConvShape& shape, const std::string& norm_path,
                nn::Activation activation, const nn::BatchNormOptions& norm = {});
  // A convolution with a bias, and no norm.
  void add_conv(const std::string& path, ConvShape shape, nn::Activation activation);
  // What has no weights: pooling, dropout.
  void add(Body body) { add(Modules{}, std::move(body)); }
  void max_pool(int64_t kernel, int64_t stride, int64_t padding, bool ceil = false);
  void pool() {
    add([pool = options_.pool](const at::Tensor& x, bool) { return global_pool(pool, x); });
  }
  void dropout(double rate);

  // The end: flattens, drops out as the options say, one linear layer.
  void classify(const std::string& path, int64_t features, int64_t classes, bool bias = true);
  // Where the last part that was added is the classifier itself.
  void end_with(const std::string& path);

  // What the plan of a run says of it.
  void note(std::string notes) { notes_ = std::move(notes); }

  bool takes_any_size() const override { return true; }
  at::Tensor forward(const at::Tensor& images) override;
  std::vector<Segment> segments() override;
  std::vector<Recompute> recompute_rungs() const override {
    return {Recompute::kNone, Recompute::kNorms, Recompute::kBlocks};
  }
  std::string notes() const override { return notes_; }
  std::string head() const override { return head_ + "."; }
  std::string stem() const override;
  std::vector<std::vector<std::string>> layers() const override;

 private:
  struct Part {
    Modules modules;
    Body body;
  };
  at::Tensor run(const Part& part, const at::Tensor& x) const;
  void place(const std::string& path, const std::shared_ptr<torch::nn::Module>& module);

  NetworkOptions options_;
  std::vector<Part> parts_;
  size_t last_block_ = 0;  // of parts_, the last one with weights before the classifier
  std::string head_, notes_;
  Linear classifier_;
};

}  // namespace stoker::models
