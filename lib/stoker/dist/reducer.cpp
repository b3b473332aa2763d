#include "stoker/dist/reducer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/norm.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stoker/core/clock.h"

namespace stoker::dist {

namespace {

using Future = c10::intrusive_ptr<c10::ivalue::Future>;

std::optional<at::ScalarType> travelling_type(Compression compress) {
  switch (compress) {
    case Compression::kBf16:
      return at::kBFloat16;
    case Compression::kFp16:
      return at::kHalf;
    case Compression::kNone:
      break;
  }
  return std::nullopt;
}

// Sends buckets, as sums: the Reducer's own way would divide by the number of ranks.
class Sender {
 public:
  Sender(Channel& channel, Compression compress)
      : channel_(channel), type_(travelling_type(compress)) {}

  // Returns at once. The future's value is a list of the one tensor of sums.
  Future send(const at::Tensor& buffer) {
    if (is_measured_) measure(buffer);
    std::vector<at::Tensor> tensors{type_ ? buffer.to(*type_) : buffer};
    const auto work = channel_.group()->allreduce(tensors);
    works_.push_back(work);
    last_sent_.emplace();
    return work->getFuture();
  }
  // The sums in `future`, in the type of gradients.
  static at::Tensor received(const c10::IValue& value, at::ScalarType type) {
    return value.toTensorVector().front().to(type);
  }

  // Buckets sent since begin().
  void begin() {
    works_.clear();
    own_squared_.reset();
  }
  size_t sent() const { return works_.size(); }
  void wait_for_all() {
    for (const auto& work : works_) work->wait();
  }
  bool has_failed() const {
    // By its future, which whoever waits for the gradients hears of before the work is marked.
    return std::ranges::any_of(works_, [](const auto& work) {
      const Future future = work->getFuture();
      return future->completed() && future->hasError();
    });
  }
  void measure_own(bool is_wanted) { is_measured_ = is_wanted; }
  const at::Tensor& own_squared() const { return own_squared_; }
  // Since the newest bucket was sent.
  double since_last_s() const { return last_sent_ ? last_sent_->elapsed_s() : 0; }

 private:
  void measure(const at::Tensor& buffer) {
    const at::NoGradGuard no_grad;
    const at::Tensor squared = at::norm(buffer).to(at::kFloat).square();
    own_squared_ = own_squared_.defined() ? own_squared_ + squared : squared;
  }

  Channel& channel_;
  std::optional<at::ScalarType> type_;
  std::vector<c10::intrusive_ptr<c10d::Work>> works_;
  std::optional<Stopwatch> last_sent_;
  bool is_measured_ = false;
  at::Tensor own_squared_;
};

class SumHook : public c10d::CommHookInterface {
 public:
  explicit SumHook(Sender& sender) : sender_(sender) {}
  Future runHook(c10d::GradBucket& bucket) override { return sender_.send(bucket.getBuffer()); }
  at::Tensor parseHookResult(const c10::IValue& result) override {
    return Sender::received(result, at::kFloat);
  }

 private:
  Sender& sender_;
};

class ReducerExchange : public GradientExchange {
 public:
  ReducerExchange(Channel& channel, const weights::NamedTensors& parameters,
                  const ReducerOptions& options)
      : channel_(channel), options_(options), sender_(channel, options.compress) {
    for (const auto& [name, tensor] : parameters) {
      names_.push_back(name);
      parameters_.push_back(tensor);
    }
    build();
  }

  void before_micro_batch(bool is_last) override {
    if (!is_last) return;
    sender_.begin();
    reducer_->prepare_for_forward();
    reducer_->prepare_for_backward({});
    is_overlapped_ = true;
  }

  void finish(Share share) override {
    const bool was_overlapped = std::exchange(is_overlapped_, false);
    if (!was_overlapped) sender_.begin();
    if (was_overlapped && sender_.sent() == bucket_count_ && share == Share::kWhole) {
      wait_s_ += sender_.since_last_s();  // the backward pass ends when all sums are there
      return;
    }
    if (was_overlapped && share == Share::kWhole) refuse_missing();
    const Stopwatch watch;
    channel_.run([&] { exchange_rest(share); });
    wait_s_ += watch.elapsed_s();
    if (was_overlapped) build();  // it was left in the middle of a pass
  }

  void throw_if_broken() override {
    if (sender_.has_failed()) channel_.run([&] { sender_.wait_for_all(); });
  }

  void measure_own(bool is_wanted) override { sender_.measure_own(is_wanted); }
  at::Tensor own_norm_squared() const override { return sender_.own_squared(); }

  double wait_s() const override { return wait_s_; }

 private:
  void build() {
    // Gradients come from the last layer to the first.
    const std::vector<at::Tensor> reversed(parameters_.rbegin(), parameters_.rend());
    std::vector<int64_t> indices;
    for (int64_t i = std::ssize(parameters_) - 1; i >= 0; --i) indices.push_back(i);
    const std::vector<size_t> limits{static_cast<size_t>(options_.first_bucket_bytes),
                                     static_cast<size_t>(options_.bucket_bytes)};
    auto [buckets, sizes] = c10d::compute_bucket_assignment_by_size(reversed, limits, {}, indices);
    bucket_count_ = buckets.size();
    std::unordered_map<size_t, std::string> names;
    for (size_t i = 0; i < names_.size(); ++i) names.emplace(i, names_[i]);
    reducer_.reset();  // its hooks on the parameters go before those of the next
    reducer_ = std::make_unique<c10d::Reducer>(
        parameters_, std::move(buckets), channel_.group(), std::vector<bool>(parameters_.size()),
        options_.bucket_bytes, /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true,
        std::move(names), options_.first_bucket_bytes, /*skip_all_reduce_unused_params=*/false,
        /*use_python_reducer=*/false, std::vector<int64_t>{});
    reducer_->register_comm_hook(std::make_unique<SumHook>(sender_));
  }

  // Sends what the backward pass has not sent, bucket by bucket in the order of all ranks.
  void exchange_rest(Share share) {
    const at::NoGradGuard no_grad;
    const size_t first = sender_.sent();
    sender_.wait_for_all();
    std::vector<c10d::GradBucket> buckets = reducer_->get_grad_buckets();
    std::vector<Future> sums;
    for (size_t i = first; i < buckets.size(); ++i) {
      fill(buckets[i], share);
      sums.push_back(sender_.send(buckets[i].getBuffer()));
    }
    for (size_t i = first; i < buckets.size(); ++i) {
      const Future& future = sums[i - first];
      future->wait();
      c10d::GradBucket& bucket = buckets[i];
      const at::Tensor received =
          Sender::received(future->value(), bucket.getBuffer().scalar_type());
      if (!received.is_alias_of(bucket.getBuffer())) bucket.getBufferRef().copy_(received);
      if (share == Share::kWhole) hand_out(bucket);
    }
    sender_.wait_for_all();
  }

  // The gradients in a bucket, one after another, each in its parameter's layout as the Reducer
  // lays them out (GradBucket's own views are of plain layout).
  static std::vector<at::Tensor> views_of(const c10d::GradBucket& bucket) {
    std::vector<at::Tensor> views;
    const at::Tensor& buffer = bucket.getBuffer();
    int64_t offset = 0;
    for (const at::Tensor& parameter : bucket.getParameters()) {
      views.push_back(parameter.is_non_overlapping_and_dense()
                          ? buffer.as_strided(parameter.sizes(), parameter.strides(), offset)
                          : buffer.narrow(0, offset, parameter.numel()).view(parameter.sizes()));
      offset += parameter.numel();
    }
    return views;
  }

  // This rank's gradients, in the bucket's own layout.
  static void fill(const c10d::GradBucket& bucket, Share share) {
    const std::vector<at::Tensor> views = views_of(bucket);
    const std::vector<at::Tensor> parameters = bucket.getParameters();
    for (size_t i = 0; i < views.size(); ++i) {
      const at::Tensor& view = views[i];
      const at::Tensor& gradient = parameters[i].grad();
      if (share == Share::kNothing || !gradient.defined()) {
        view.zero_();
      } else if (!gradient.is_alias_of(view)) {
        view.copy_(gradient);
      }
    }
  }

  static void hand_out(const c10d::GradBucket& bucket) {
    const std::vector<at::Tensor> views = views_of(bucket);
    const std::vector<at::Tensor> parameters = bucket.getParameters();
    for (size_t i = 0; i < views.size(); ++i) {
      const at::Tensor& parameter = parameters[i];
      parameter.mutable_grad() = views[i];
    }
  }

  // A network whose backward pass leaves a parameter out would keep all ranks waiting for it.
  void refuse_missing() const {
    std::string missing;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (parameters_[i].grad().defined()) continue;
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", names_[i]);
    }
    if (missing.empty()) return;
    throw ConfigError(fmt::format(
        "the backward pass gives no gradient to {}: with several ranks all parameters must have "
        "one, or be frozen (model.freeze)",
        missing));
  }

  Channel& channel_;
  ReducerOptions options_;
  Sender sender_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<c10d::Reducer> reducer_;
  size_t bucket_count_ = 0;
  bool is_overlapped_ = false;
  double wait_s_ = 0;
};

}  // namespace

std::unique_ptr<GradientExchange> make_exchange(Channel& channel,
                                                const weights::NamedTensors& parameters,
                                                const ReducerOptions& options) {
  return std::make_unique<ReducerExchange>(channel, parameters, options);
}

}  // namespace stoker::dist
