#include "stoker/callbacks/machine_notices.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <set>
#include <string>

#include "stoker/core/log.h"
#include "stoker/monitor/clock_reasons.h"
#include "stoker/monitor/energy.h"
#include "stoker/monitor/nvml_api.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

class MachineNotices : public train::Callback {
 public:
  explicit MachineNotices(MachineNoticesOptions options) : options_(options) {}

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kLog) look(state);
    if (event == Event::kFitDone) compare_energies(state);
  }

 private:
  void look(const State& state) {
    const train::MachineLine& line = state.machine;
    if (!line.lost_gpu.empty()) {
      warn(
          fmt::format("the driver has lost the GPU {}: it has fallen off the bus or needs a reset "
                      "(nvidia-smi, dmesg); its figures end here",
                      line.lost_gpu));
    }
    if (line.window.gpu_xid_errors.value_or(0) > 0) {
      warn(line.window.last_xid
               ? fmt::format(
                     "the driver has reported an error of the GPU: XID {}; NVIDIA's list of XID "
                     "errors says what it means, dmesg has more",
                     *line.window.last_xid)
               : "the driver has reported an error of the GPU (XID); dmesg has its number");
    }
    if (line.window.is_of_module) {
      warn(
          "the GPU's power is that of its module, with the processor on it: no other is offered by "
          "this card");
    }
    say_reasons(line.window);
    if (!line.why_no_gpu.empty())
      warn(fmt::format("the GPU's use, power and energy are not measured: {}", line.why_no_gpu));
    if (options_.has_energy_budget && lines_++ > 0 && !line.energy_kwh) {
      warn(fmt::format(
          "the energy is not measured ({}), so train.max_energy_kwh and train.max_cost cannot end "
          "this run; monitor.cpu_tdp_w gives a figure for the processors",
          line.why_no_cpu_energy.empty() ? "the GPU gives none" : line.why_no_cpu_energy));
    }
  }

  // Each reason once; its power limit holds a busy card down as a rule, and stands in the log line.
  void say_reasons(const monitor::Window& window) {
    const uint64_t unusual = window.reasons & ~monitor::nvml::kReasonPowerCap;
    for (const std::string& reason : monitor::clock_reasons(unusual)) {
      if (reasons_.insert(reason).second)
        log().info("the GPU's clock is held down at times by {}", reason);
    }
  }

  void compare_energies(const State& state) {
    const auto off = monitor::report_energy(state.position.energy, {}).disagreement;
    if (!off || std::abs(*off) < monitor::kLargeDisagreement) return;
    warn(fmt::format(
        "the GPU's energy by its counter is {:.3g} kJ, by the integral of its power "
        "{:.3g} kJ; the counter's is reported",
        state.position.energy.gpu_counter_j * 1e-3, state.position.energy.gpu_integral_j * 1e-3));
  }

  void warn(const std::string& text) {
    if (said_.insert(text).second) log().warn(text);
  }

  MachineNoticesOptions options_;
  int64_t lines_ = 0;
  std::set<std::string> said_, reasons_;
};

}  // namespace

std::unique_ptr<train::Callback> make_machine_notices(MachineNoticesOptions options) {
  return std::make_unique<MachineNotices>(options);
}

}  // namespace stoker::callbacks
