#include "stoker/monitor/sampler.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <new>
#include <thread>

#include "monitor/played_card.h"
#include "stoker/core/clock.h"
#include "stoker/monitor/cpu_reader.h"
#include "support/catch.h"

using namespace stoker;
using monitor::Sampler;
using test::PlayedCard;

namespace {

// Allocations of this thread, where it counts them.
thread_local long allocations = -1;

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

void* operator new(size_t size) {
  if (allocations >= 0) ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  if (allocations >= 0) ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

TEST_CASE("a sampler reads a card while others work, and gives what came since the last call") {
  PlayedCard card("h200");
  Sampler sampler({.every_s = 0.01, .gpu = test::kFakeUuid, .nvml_library = STOKER_FAKE_NVML});
  REQUIRE(comes_true([&] { return sampler.status().is_ready; }));
  REQUIRE(sampler.status().gpu);
  CHECK(sampler.status().gpu->name == "NVIDIA H200");
  CHECK(comes_true([&] { return sampler.take().window.gpu_sm_busy.has_value(); }));
  card.at(10);  // its counter has grown by 4120 J
  double joules = 0;
  CHECK(comes_true([&] {
    const double more = sampler.take_energy().gpu_counter_j;
    joules += std::isnan(more) ? 0 : more;
    return joules > 4000;
  }));
  CHECK(joules == Approx(4120));
}

TEST_CASE("a machine without a GPU or its driver is read all the same") {
  Sampler none({.every_s = 0.01});
  Sampler missing({.every_s = 0.01, .gpu = test::kFakeUuid, .nvml_library = "/nowhere/nvml.so"});
  Sampler other({.every_s = 0.01, .gpu = std::string(32, 'f'), .nvml_library = STOKER_FAKE_NVML});
  for (Sampler* sampler : {&none, &missing, &other}) {
    CHECK(comes_true([&] { return sampler->take().window.cpu_used.has_value(); }));
    CHECK_FALSE(sampler->status().gpu);
  }
  CHECK(none.status().why_no_gpu.empty());
  CHECK_THAT(missing.status().why_no_gpu, Catch::Contains("/nowhere/nvml.so"));
  CHECK_THAT(other.status().why_no_gpu, Catch::Contains("knows no GPU"));
}

TEST_CASE("a driver that hangs delays neither a step nor the end") {
  const auto card = std::make_unique<PlayedCard>("hanging");
  const Stopwatch watch;
  {
    Sampler sampler({.every_s = 0.01, .gpu = test::kFakeUuid, .nvml_library = STOKER_FAKE_NVML});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const Stopwatch of_take;
    sampler.take();
    sampler.take_energy();
    CHECK(of_take.elapsed_s() < 1);
  }
  CHECK(watch.elapsed_s() < 2.5);  // the call takes five seconds; one is waited for
  std::this_thread::sleep_for(std::chrono::seconds(6));  // before the library goes
}

TEST_CASE("readings allocate nothing once the first are taken") {
  PlayedCard card("h200");
  monitor::CpuReader cpu({});
  monitor::WindowMaker maker;
  monitor::EnergyMeter meter({.has_gpu = true});
  const auto read = [&](double at_s) {
    const monitor::GpuReading gpu = card.reader().read(0);
    const monitor::CpuReading of_cpu = cpu.read();
    maker.add(at_s, gpu, of_cpu);
    meter.add(at_s, gpu, of_cpu);
  };
  for (int i = 0; i < 10; ++i) read(i);
  allocations = 0;
  for (int i = 10; i < 50; ++i) read(i);
  const long counted = std::exchange(allocations, -1);
  CHECK(counted == 0);
}
