// The device a config names.
#pragma once

#include <c10/core/Device.h>

#include <string_view>

namespace stoker::machine {

// Throws ConfigError for a word that names no device on any machine.
void check_device_name(std::string_view name);

// auto: the first GPU, or the CPU where there is none. Throws ConfigError for another word, and
// DeviceError for a GPU that this machine or this build lacks.
c10::Device pick_device(std::string_view name);

// Gives LibTorch's operators as many threads as the process may use, whatever OMP_NUM_THREADS says,
// and for work on the CPU keeps its large tensors' memory for reuse.
void prepare_cpu(c10::Device device);

}  // namespace stoker::machine
