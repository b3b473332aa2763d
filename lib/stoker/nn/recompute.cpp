#include "stoker/nn/recompute.h"

#include <c10/core/GradMode.h>
#include <c10/core/Storage.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/nn/norm_tape.h"
#include "stoker/nn/pass_state.h"

namespace stoker::nn {
namespace {

using torch::autograd::Edge;
using torch::autograd::variable_list;

// One run of a piece, which can run again.
class Replay : public torch::CustomClassHolder {
 public:
  Replay(Piece piece, const std::vector<at::Tensor>& parameters, const at::Tensor& x)
      : piece_(std::move(piece)), x_(x.detach()), version_(x._version()), before_(x.device()) {
    x_.set_requires_grad(x.requires_grad());
    for (const at::Tensor& parameter : parameters) {
      if (parameter.requires_grad()) learning_.push_back(parameter);
    }
  }

  const std::vector<at::Tensor>& learning() const { return learning_; }

  // The output, without a graph. Runs as though it were to have one: some layers compute other bits
  // without gradients.
  at::Tensor first() {
    const NormTape::Scope scope(tape_, NormTape::Use::kRecord);
    return piece_(x_).variable_data();
  }

  // The output again; its graph is kept for gradients().
  at::Tensor again() {
    STOKER_CHECK(piece_, "the gradients of a recomputed piece were asked for twice");
    STOKER_CHECK(x_._version() == version_, "input changed in place: version {}, was {}",
                 x_._version(), version_);
    const at::AutoGradMode with_gradients(true);
    const PassState::Scope state(before_);
    const NormTape::Scope scope(tape_, NormTape::Use::kRepeat);
    const at::Tensor out = piece_(x_);
    STOKER_CHECK(out.requires_grad(), "a recomputed piece uses none of its parameters: {} given",
                 learning_.size());
    end_ = torch::autograd::impl::gradient_edge(out);
    return out;
  }

  // Of x (undefined where it needs none), then of learning(). Frees everything.
  variable_list gradients(const at::Tensor& out_grad) {
    if (!end_.is_valid()) again();
    torch::autograd::edge_list inputs;
    if (x_.requires_grad()) inputs.push_back(torch::autograd::impl::gradient_edge(x_));
    for (const at::Tensor& parameter : learning_)
      inputs.push_back(torch::autograd::impl::gradient_edge(parameter));
    variable_list grads = torch::autograd::Engine::get_default_engine().execute(
        {end_}, {out_grad}, /*keep_graph=*/false, /*create_graph=*/false,
        /*accumulate_grad=*/false, inputs);
    if (!x_.requires_grad()) grads.insert(grads.begin(), at::Tensor());
    end_ = {};
    x_.reset();
    piece_ = nullptr;
    return grads;
  }

 private:
  Piece piece_;
  at::Tensor x_;  // a leaf over the memory of the input
  uint32_t version_;
  PassState before_;
  NormTape tape_;
  std::vector<at::Tensor> learning_;
  Edge end_;  // of the graph of again()
};

using ReplayPointer = c10::intrusive_ptr<Replay>;

struct Recompute : torch::autograd::Function<Recompute> {
  using Context = torch::autograd::AutogradContext;

  // inputs: x, then the parameters that learn.
  static at::Tensor forward(Context* context, at::TensorList, const ReplayPointer& replay,
                            const at::Tensor* out) {
    context->saved_data["replay"] = c10::IValue::make_capsule(replay);
    return *out;
  }

  static variable_list backward(Context* context, variable_list grads) {
    const auto replay =
        c10::static_intrusive_pointer_cast<Replay>(context->saved_data["replay"].toCapsule());
    variable_list all = replay->gradients(grads.front());
    all.resize(all.size() + 2);  // the replay and the output have none
    return all;
  }
};

bool needs_gradients(const std::vector<at::Tensor>& parameters, const at::Tensor& x) {
  return c10::GradMode::is_enabled() &&
         (x.requires_grad() || std::any_of(parameters.begin(), parameters.end(),
                                           [](const auto& p) { return p.requires_grad(); }));
}

at::Tensor record(const ReplayPointer& replay, const at::Tensor& x) {
  const at::Tensor out = replay->first();
  STOKER_CHECK(!out.is_alias_of(x), "a recomputed piece gave back its input");
  std::vector<at::Tensor> inputs{x};
  inputs.insert(inputs.end(), replay->learning().begin(), replay->learning().end());
  return Recompute::apply(at::TensorList(inputs), replay, &out);
}

// Before the consumer's backward pass: makes its input again, in the tensor that it saved.
class Refill : public torch::autograd::FunctionPreHook {
 public:
  Refill(ReplayPointer replay, c10::Storage emptied)
      : replay_(std::move(replay)), emptied_(std::move(emptied)) {}

  variable_list operator()(const variable_list& grads) override {
    if (!replay_) return grads;
    auto made = std::make_unique<c10::Storage>(replay_->again().storage());
    STOKER_CHECK(made->nbytes() == emptied_.nbytes(), "made {} bytes again of {}", made->nbytes(),
                 emptied_.nbytes());
    void* const data = made->mutable_data();
    const c10::Device device = made->device();
    emptied_.set_data_ptr_noswap({data, made.release(), release, device});
    emptied_ = {};
    replay_.reset();
    return grads;
  }

 private:
  static void release(void* made) { delete static_cast<c10::Storage*>(made); }

  ReplayPointer replay_;
  c10::Storage emptied_;
};

}  // namespace

at::Tensor recompute(const Piece& piece, const std::vector<at::Tensor>& parameters,
                     const at::Tensor& x) {
  if (!needs_gradients(parameters, x)) return piece(x);
  return record(c10::make_intrusive<Replay>(piece, parameters, x), x);
}

Deferred deferred_norm(std::shared_ptr<BatchNorm> norm, Activation activation, at::Tensor x) {
  std::vector<at::Tensor> parameters = norm->parameters();
  const auto make = [norm = std::move(norm), activation](const at::Tensor& in) {
    return norm_activate(*norm, activation, in);
  };
  return {std::move(x), make, std::move(parameters)};
}

at::Tensor consume(const Deferred& input, const Piece& consumer, bool keep) {
  if (keep || !needs_gradients(input.parameters, input.x)) return consumer(input.now());
  const auto replay = c10::make_intrusive<Replay>(input.make, input.parameters, input.x);
  const at::Tensor made = record(replay, input.x);
  at::Tensor out = consumer(made);
  STOKER_CHECK(out.grad_fn() && !out.is_alias_of(made), "the consumer computes nothing");
  const c10::Storage& storage = made.storage();
  storage.set_data_ptr_noswap({nullptr, storage.device()});
  out.grad_fn()->add_pre_hook(std::make_unique<Refill>(replay, storage));
  return out;
}

}  // namespace stoker::nn
