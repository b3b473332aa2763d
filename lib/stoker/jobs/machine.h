// The monitor of a training run: what it is to read, and what its summary says.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "stoker/monitor/gpu_table.h"
#include "stoker/run/session.h"

namespace stoker::jobs {

// What the monitor calls a precision; auto is counted as fp32.
monitor::Arithmetic arithmetic_of(train::Precision precision);

// How a trainer watches the machine. Runs the network once over one image.
train::MachineOptions machine_options(const run::Session& session);

// {"joules": 1830.5, "kwh": 0.000508, "gpu_joules": 1830.5, "method": "GPU: counter; …",
//  "cost": …, "gco2": …}, or the word "not measured".
nlohmann::ordered_json energy_summary(const run::Session& session);

// "energy 12.3 kJ (costing 0.001): GPU by its counter"; "" where none was measured.
std::string energy_line(const run::Session& session);

}  // namespace stoker::jobs
