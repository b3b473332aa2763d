// An error anywhere in a step, on images that lie in the loader's own memory, reaches the caller as
// what it is, and everybody hears of the end.
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/thrown.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

// Where a step can break, and how a run is made to break there.
struct Place {
  const char* name;
  void (*breaks)(ToyRun&, train::Trainer&, std::function<void()>);
};

constexpr Place kPlaces[] = {
    {"forward",
     [](ToyRun& run, train::Trainer&, std::function<void()> fail) {
       run.model->on_forward = [fail](const at::Tensor&) { fail(); };
     }},
    {"forward of the second micro-batch",
     [](ToyRun& run, train::Trainer&, std::function<void()> fail) {
       run.model->on_forward = [fail](const at::Tensor& images) {
         if (images.size(0) == 3) fail();
       };
     }},
    {"backward",
     [](ToyRun&, train::Trainer&, std::function<void()> fail) { Tripwire::back() = fail; }},
    {"algorithm",
     [](ToyRun& run, train::Trainer&, std::function<void()> fail) {
       run.algorithms.push_back(
           std::make_unique<AlgorithmAt>(Event::kBatchReady, [fail](train::Context&) { fail(); }));
     }},
    {"callback",
     [](ToyRun&, train::Trainer& trainer, std::function<void()> fail) {
       trainer.add(std::make_unique<CallbackAt>(Event::kBatchReady,
                                                [fail](const train::View&) { fail(); }));
     }},
    {"gradients",
     [](ToyRun& run, train::Trainer&, std::function<void()> fail) {
       run.algorithms.push_back(std::make_unique<AlgorithmAt>(Event::kGradientsReady,
                                                              [fail](train::Context&) { fail(); }));
     }},
};

// The end as a callback hears it: the reason and the error.
struct Heard {
  int times = 0;
  std::string reason, error;
};

void listen(train::Trainer& trainer, Heard& heard) {
  trainer.add(std::make_unique<CallbackAt>(Event::kFitDone, [&heard](const train::View& view) {
    ++heard.times;
    heard.reason = view.ending->reason;
    heard.error = view.ending->error;
  }));
}

}  // namespace

TEST_CASE("an error in a step arrives as itself, and the end is reported with it", "[train]") {
  for (const Place& place : kPlaces) {
    CAPTURE(place.name);
    ToyRun run;
    train::Trainer trainer = run.trainer();
    Heard heard;
    listen(trainer, heard);
    place.breaks(run, trainer, [] { throw DataError("that was it"); });
    CHECK(message_of<DataError>([&] { trainer.fit(); }) == "that was it");
    CHECK(heard.times == 1);
    CHECK(heard.reason == "failed");
    CHECK(heard.error == "that was it");
  }
}

TEST_CASE("memory that runs out in a step is out of memory, with the remedy", "[train]") {
  const std::function<void()> kinds[] = {
      [] { throw std::bad_alloc(); },
      [] {
        C10_THROW_ERROR(OutOfMemoryError,
                        "Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 4 GiB of which "
                        "1 GiB is free. Set PYTORCH_ALLOC_CONF=…");
      },
      [] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory: error code 12"); },
      [] {
        at::empty({int64_t{1} << 62, 3});
      },
      [] {
        at::empty({int64_t{1} << 40, int64_t{1} << 40});
      },
      [] { throw std::runtime_error("CUDA error: out of memory"); }};
  for (size_t kind = 0; kind < std::size(kinds); ++kind) {
    for (const Place& place : {kPlaces[0], kPlaces[2]}) {
      CAPTURE(kind, place.name);
      ToyRun run;
      run.options.memory.microbatch = train::MicrobatchMode::kFixed;
      train::Trainer trainer = run.trainer();
      place.breaks(run, trainer, kinds[kind]);
      const std::string message = message_of<OutOfMemory>([&] { trainer.fit(); });
      CHECK_THAT(message,
                 Catch::StartsWith("training with a micro-batch of 4 images at step 1 on cpu: "));
      CHECK_THAT(message, Catch::EndsWith("the training, stays the same."));
      CHECK_THAT(message, !Catch::Contains("PYTORCH"));
    }
  }
}

TEST_CASE("an error of the device in a step is one of the device", "[train]") {
  ToyRun run;
  train::Trainer trainer = run.trainer();
  run.model->on_forward = [](const at::Tensor&) {
    TORCH_CHECK(false, "CUDA error: an illegal memory access was encountered\nCompile with …");
  };
  const std::string message = message_of<DeviceError>([&] { trainer.fit(); });
  CHECK_THAT(message, Catch::Contains("an illegal memory access was encountered. `nvidia-smi`"));
}

TEST_CASE("an error in the update arrives, and the process goes on", "[train]") {
  ToyRun run;
  train::Trainer trainer = run.trainer();
  run.algorithms.push_back(
      std::make_unique<AlgorithmAt>(Event::kGradientsReady, [&run](train::Context&) {
        run.model->weight.mutable_grad() = at::full({18, 3}, 1.0).to(at::kDouble);
      }));
  // A gradient of another dtype than its parameter: LibTorch refuses it.
  CHECK_THROWS_AS(trainer.fit(), std::exception);
}

TEST_CASE("images that outlive their loader stay readable", "[train]") {
  at::Tensor kept;
  {
    ToyRun run;
    run.model->on_forward = [&kept](const at::Tensor& images) {
      kept = images;
      throw DataError("enough");
    };
    train::Trainer trainer = run.trainer();
    CHECK_THROWS_AS(trainer.fit(), DataError);
  }
  CHECK(kept.isfinite().all().item<bool>());
  kept.reset();
}

TEST_CASE("an error of a callback at the end hides no other, and all others hear of it",
          "[train]") {
  ToyRun run;
  train::Trainer trainer = run.trainer();
  trainer.add(std::make_unique<CallbackAt>(
      Event::kFitDone, [](const train::View&) { throw std::runtime_error("a second one"); }));
  Heard heard;
  listen(trainer, heard);
  run.model->on_forward = [](const at::Tensor&) { throw DataError("the first one"); };
  CHECK(message_of<DataError>([&] { trainer.fit(); }) == "the first one");
  CHECK(heard.times == 1);
}
