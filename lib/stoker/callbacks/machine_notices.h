// Warns once of what a run's user must know of the machine: a GPU that is lost or reports errors,
// figures that cannot be read, budgets that can therefore not end the run.
#pragma once

#include <memory>

#include "stoker/train/events.h"

namespace stoker::callbacks {

struct MachineNoticesOptions {
  bool has_energy_budget = false;  // train.max_energy_kwh or max_cost
};

std::unique_ptr<train::Callback> make_machine_notices(MachineNoticesOptions options);

}  // namespace stoker::callbacks
