#include "stoker/monitor/sampler.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "stoker/core/clock.h"
#include "stoker/monitor/cpu_reader.h"
#include "stoker/monitor/gpu_reader.h"

namespace stoker::monitor {

struct Sampler::Shared {
  explicit Shared(SamplerOptions its_options) : options(std::move(its_options)) {}

  const SamplerOptions options;
  std::atomic<int64_t> own_bytes{0};

  std::mutex mutex;
  std::condition_variable changed;
  bool is_stopping = false, has_ended = false;
  SamplerStatus status;
  WindowMaker window;
  std::optional<EnergyMeter> energy;
};

namespace {

// The GPU's reader, or why there is none.
struct OpenedGpu {
  std::unique_ptr<GpuReader> reader;
  std::string why_not;
};

OpenedGpu open_gpu(const SamplerOptions& options) {
  OpenedGpu opened;
  if (options.gpu.empty()) return opened;
  const NvmlOpening opening = open_nvml(options.nvml_library);
  if (opening.nvml == nullptr) {
    opened.why_not = opening.why_not;
    return opened;
  }
  NvmlDevice device = opening.nvml->find(options.gpu);
  if (device == nullptr) {
    opened.why_not = fmt::format("the NVIDIA driver knows no GPU {} that CUDA has", options.gpu);
    return opened;
  }
  opened.reader = std::make_unique<GpuReader>(opening.nvml, device);
  return opened;
}

}  // namespace

void Sampler::run(const std::shared_ptr<Shared>& shared) {
  const SamplerOptions& options = shared->options;
  CpuReader cpu({.root = options.root, .reads_energy = options.counts_cpu_energy});
  const OpenedGpu gpu = open_gpu(options);
  {
    const std::lock_guard lock(shared->mutex);
    if (gpu.reader) shared->status.gpu = gpu.reader->info();
    shared->status.why_no_gpu = gpu.why_not;
    shared->status.why_no_cpu_energy = cpu.why_no_energy();
    shared->energy.emplace(EnergyMeterOptions{
        .share = gpu.reader ? gpu.reader->info().share : 1,
        .has_gpu = !options.gpu.empty(),
        .counts_cpu = options.counts_cpu_energy,
        .cpu_tdp_w = options.cpu_tdp_w,
        .machine_cpus = std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)))});
  }
  const Stopwatch watch;
  for (;;) {
    std::optional<GpuReading> reading;
    if (gpu.reader) reading = gpu.reader->read(shared->own_bytes);
    const CpuReading of_cpu = cpu.read();
    const double now_s = watch.elapsed_s();
    std::unique_lock lock(shared->mutex);
    shared->window.add(now_s, reading, of_cpu);
    shared->energy->add(now_s, reading, of_cpu);
    shared->status.is_ready = true;
    shared->changed.wait_for(lock, std::chrono::duration<double>(options.every_s),
                             [&] { return shared->is_stopping; });
    if (shared->is_stopping) return;
  }
}

Sampler::Sampler(SamplerOptions options) : shared_(std::make_shared<Shared>(std::move(options))) {
  thread_ = std::thread([shared = shared_] {
    std::string failure;
    try {
      run(shared);
    } catch (const std::exception& error) {
      failure = error.what();  // the run goes on without readings
    }
    const std::lock_guard lock(shared->mutex);
    if (!failure.empty()) shared->status.why_no_gpu = failure;
    shared->has_ended = true;
    shared->changed.notify_all();
  });
}

Sampler::~Sampler() {
  constexpr auto kPatience = std::chrono::seconds(1);
  bool has_ended = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->is_stopping = true;
    shared_->changed.notify_all();
    has_ended = shared_->changed.wait_for(lock, kPatience, [&] { return shared_->has_ended; });
  }
  if (has_ended) {
    thread_.join();
  } else {
    thread_.detach();  // it hangs in the driver, with all that it needs
  }
}

Sampling Sampler::take() {
  const std::lock_guard lock(shared_->mutex);
  Sampling sampling{.window = shared_->window.take()};
  if (shared_->energy) sampling.energy = shared_->energy->take();
  return sampling;
}

EnergyTotals Sampler::take_energy() {
  const std::lock_guard lock(shared_->mutex);
  return shared_->energy ? shared_->energy->take() : EnergyTotals{};
}

SamplerStatus Sampler::status() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->status;
}

void Sampler::note_own_memory(int64_t bytes) { shared_->own_bytes = bytes; }

}  // namespace stoker::monitor
