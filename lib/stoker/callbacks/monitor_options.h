// What a config says under `monitor:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stoker/config/fields.h"

namespace stoker::callbacks {

struct MonitorOptions {
  double every_s = 0.25;
  std::optional<double> price_per_kwh, gco2_per_kwh;
  std::optional<double> peak_tflops;
  std::optional<double> cpu_tdp_w;
  std::optional<int64_t> port;  // of the live page
  std::string address = "127.0.0.1";
};
inline void describe(MonitorOptions& o, config::Fields& fields) {
  fields("every_s", o.every_s,
         "seconds between readings of the GPU and the processors; 0: none are taken")
      .in(0, 60);
  fields("price_per_kwh", o.price_per_kwh, "what a kWh costs, in your currency")
      .at_least(0)
      .unset_as("none");
  fields("gco2_per_kwh", o.gco2_per_kwh, "grams of CO2 that a kWh of your grid stands for")
      .at_least(0)
      .unset_as("none");
  fields("peak_tflops", o.peak_tflops,
         "what a device does at most, in 10^12 operations a second of train.precision, without "
         "sparsity; auto: that of the card, where docs/gpus.md has it")
      .positive();
  fields("cpu_tdp_w", o.cpu_tdp_w,
         "watts of all the machine's processors at full load, for an estimate of their energy "
         "where their counters cannot be read")
      .positive()
      .unset_as("none");
  fields("port", o.port,
         "a port where browsers find the run's page while it trains, and Prometheus its figures at "
         "/metrics; 9400 is usual")
      .in(1, 65535)
      .unset_as("none");
  fields("address", o.address,
         "the address that it listens on; 0.0.0.0 lets other machines read as well, without a "
         "password");
}

}  // namespace stoker::callbacks
