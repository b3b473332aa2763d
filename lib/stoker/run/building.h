// What building a model and its optimizer is called where it fails.
//
//   ops::on_device(building(config, device), [&] { model = build_model(config, context, device);
//   });
#pragma once

#include "stoker/ops/device_errors.h"
#include "stoker/run/run_config.h"

namespace stoker::run {

ops::DeviceWork building(const RunConfig& config, c10::Device device);

}  // namespace stoker::run
