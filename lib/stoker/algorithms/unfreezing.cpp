#include "stoker/algorithms/unfreezing.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "stoker/core/error.h"

namespace stoker::algorithms {

void describe(UnfreezingOptions& o, config::Fields& fields) {
  fields("head_epochs", o.head_epochs, "epochs in which the classifier learns alone").at_least(0);
  fields("every_epochs", o.every_epochs,
         "epochs between layers that join it after that, from the top down; 0: all at once")
      .at_least(0);
}

namespace {

using train::Event;

class Unfreezing : public train::Algorithm {
 public:
  Unfreezing(const UnfreezingOptions& options, train::State& state) : options_(options) {
    const auto prefixes = state.model().layers();
    if (prefixes.size() < 2) {
      throw ConfigError(
          "algorithms: unfreezing needs a model of several layers; this one is known as a single "
          "piece.");
    }
    layers_.resize(prefixes.size());
    for (const auto& parameter : state.model().named_parameters()) {
      if (parameter.value().requires_grad())
        layers_[layer_of(parameter.key(), prefixes)].push_back(parameter.value());
    }
    if (layers_.back().empty()) {
      throw ConfigError(
          "algorithms: unfreezing begins with the classifier, and model.freeze names all of it: "
          "take it out there.");
    }
  }
  // Who looks at the model next finds it as it was.
  ~Unfreezing() override { open(layers_.size()); }
  Unfreezing(const Unfreezing&) = delete;
  Unfreezing& operator=(const Unfreezing&) = delete;

  std::string name() const override { return "unfreezing"; }

  void apply(Event event, train::Context& context) override {
    if (event != Event::kFitStart && event != Event::kStepStart) return;
    open(open_at(context.state));
  }

 private:
  // What is of no layer comes with the lowest.
  static size_t layer_of(const std::string& parameter,
                         const std::vector<std::vector<std::string>>& prefixes) {
    for (size_t i = 0; i < prefixes.size(); ++i) {
      for (const std::string& prefix : prefixes[i])
        if (parameter.starts_with(prefix)) return i;
    }
    return 0;
  }

  // Layers from the top that learn in the step that comes.
  size_t open_at(const train::State& state) const {
    const double since = state.epoch() - options_.head_epochs + 1e-9;
    if (since < 0) return 1;
    if (options_.every_epochs == 0) return layers_.size();
    const double more = std::floor(since / options_.every_epochs);
    return static_cast<size_t>(std::min(2 + more, static_cast<double>(layers_.size())));
  }

  void open(size_t count) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const bool learns = i + count >= layers_.size();
      for (at::Tensor& parameter : layers_[i]) parameter.set_requires_grad(learns);
    }
  }

  UnfreezingOptions options_;
  std::vector<std::vector<at::Tensor>> layers_;  // parameters that learn, from the images up
};

}  // namespace

std::unique_ptr<train::Algorithm> make_unfreezing(const UnfreezingOptions& options,
                                                  train::State& state) {
  return std::make_unique<Unfreezing>(options, state);
}

}  // namespace stoker::algorithms
