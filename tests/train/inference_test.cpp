#include "stoker/train/inference.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>

#include <limits>
#include <new>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/train/evaluate.h"
#include "support/catch.h"
#include "support/thrown.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

std::vector<int64_t> samples_of(const train::Source& source, int64_t batch_size,
                                int64_t max_images = 0) {
  Linear model;
  std::vector<int64_t> samples;
  train::infer(model, source, {.batch_size = batch_size, .max_images = max_images},
               [&](const train::AveragedViews& batch) {
                 CHECK(batch.logits.size(0) == std::ssize(batch.samples));
                 CHECK_FALSE(batch.logits.requires_grad());
                 samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
               });
  return samples;
}

}  // namespace

TEST_CASE("inference sees each sample once, in order, whatever the batch", "[train]") {
  for (const int64_t batch_size :
       {int64_t{1}, int64_t{3}, int64_t{5}, int64_t{100}, std::numeric_limits<int64_t>::max()}) {
    CAPTURE(batch_size);
    CHECK(samples_of(squares(5), batch_size) == std::vector<int64_t>{0, 1, 2, 3, 4});
  }
  CHECK(samples_of(squares(5), 2, 3) == std::vector<int64_t>{0, 1, 2});
}

TEST_CASE("inference leaves out what cannot be read, and says so", "[train]") {
  train::Source source = squares(6, {1, 2, 3});
  source.loader.on_error = data::OnError::kSkip;
  Linear model;
  int64_t images = 0;
  const train::Unreadable unreadable =
      train::infer(model, source, {.batch_size = 2},
                   [&](const train::AveragedViews& batch) { images += batch.logits.size(0); });
  CHECK(images == 3);
  CHECK(unreadable.count == 3);
  CHECK(unreadable.first[0].name == "square 1");
}

TEST_CASE("inference reports its progress after each batch, with views and unreadable images",
          "[train]") {
  train::Source source = squares(7, {2, 3});
  source.loader.on_error = data::OnError::kSkip;
  source.loader.repeats = 2;
  Linear model;
  using Reports = std::vector<std::pair<int64_t, int64_t>>;
  Reports reports;
  const auto note = [&](int64_t done, int64_t of) { reports.emplace_back(done, of); };
  train::infer(model, source, {.batch_size = 5, .on_progress = note}, [](const auto&) {});
  CHECK(reports == Reports{{2, 7}, {4, 7}, {6, 7}, {7, 7}});
}

TEST_CASE("inference puts each module's mode back, after an error too", "[train]") {
  Linear model;
  const auto child = std::make_shared<Linear>();
  model.register_module("child", child);
  model.train();
  child->eval();
  bool was_training = true;
  model.on_forward = [&](const at::Tensor&) { was_training = model.is_training(); };
  train::infer(model, squares(2), {}, [](const train::AveragedViews&) {});
  CHECK_FALSE(was_training);
  CHECK(model.is_training());
  CHECK_FALSE(child->is_training());
  CHECK_THROWS_AS(train::infer(model, squares(2), {},
                               [](const train::AveragedViews&) { throw DataError("no"); }),
                  DataError);
  CHECK(model.is_training());
  CHECK_FALSE(child->is_training());
}

TEST_CASE("memory that runs out in inference is out of memory, with the remedy", "[train]") {
  Linear model;
  model.on_forward = [](const at::Tensor&) { throw std::bad_alloc(); };
  CHECK_THAT(message_of<OutOfMemory>([&] {
               train::infer(model, squares(2), {.batch_size = 7, .doing = "prediction"},
                            [](const train::AveragedViews&) {});
             }),
             Catch::StartsWith("prediction with batches of 7 images on cpu: ") &&
                 Catch::Contains("eval.batch_size"));
}

TEST_CASE("prediction goes on in parts of a batch that fit, and skips nothing", "[train]") {
  train::Source source = squares(11, {3});
  source.loader.on_error = data::OnError::kSkip;
  Linear model;
  std::vector<int64_t> passes;
  model.on_forward = [&](const at::Tensor& images) {
    passes.push_back(images.size(0));
    if (images.size(0) > 2) throw std::bad_alloc();
  };
  const auto logits_of = [&](bool divides) {
    std::vector<at::Tensor> logits;
    const train::Unreadable unreadable = train::infer(
        model, source, {.batch_size = 7, .doing = "prediction", .divides_batches = divides},
        [&](const train::AveragedViews& batch) { logits.push_back(batch.logits); });
    CHECK(unreadable.count == 1);
    return logits;
  };
  CHECK_THROWS_AS(logits_of(false), OutOfMemory);
  passes.clear();
  const std::vector<at::Tensor> divided = logits_of(true);
  CHECK(passes == std::vector<int64_t>{6, 3, 2, 2, 2, 2, 2});
  model.on_forward = {};
  const std::vector<at::Tensor> whole = logits_of(false);
  CHECK(at::equal(at::cat(divided), at::cat(whole)));
  CHECK(divided.size() == whole.size());

  model.on_forward = [](const at::Tensor&) { throw std::bad_alloc(); };
  CHECK_THROWS_AS(logits_of(true), OutOfMemory);
}

TEST_CASE("a signal stops inference", "[train]") {
  Linear model;
  model.on_forward = [](const at::Tensor&) { set_interrupt(2); };
  CHECK_THROWS_AS(
      train::infer(model, squares(5), {.batch_size = 1}, [](const train::AveragedViews&) {}),
      Interrupted);
  set_interrupt(0);
}

TEST_CASE("evaluation counts images, loss and hits", "[train]") {
  Linear model;
  {
    const at::NoGradGuard no_grad;
    model.weight.zero_();
  }
  const train::Evaluation evaluation = train::evaluate(model, squares(5), {.batch_size = 2});
  CHECK(evaluation.metrics.images == 5);
  CHECK(evaluation.metrics.loss == Approx(std::log(3)));
  CHECK(evaluation.metrics.top1 == Approx(0.4));  // ties go to class 0, which has two of five
  CHECK_THROWS_AS(train::evaluate(model, squares(2, {0, 1}), {}), DataError);
}
