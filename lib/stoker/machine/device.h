// The device a config names.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace stoker::machine {

// Throws ConfigError for a word that names no device on any machine.
void check_device_name(std::string_view name);

// GPUs that LibTorch can use; 0 where the driver does not answer, or is too old for it.
int64_t cuda_device_count();

// auto: a GPU, or the CPU where there is none. Of several GPUs auto and cuda mean that of the
// local rank, in turn where there are more ranks than GPUs. Throws ConfigError for another word,
// and DeviceError for a GPU that this machine or this build lacks.
c10::Device pick_device(std::string_view name, int64_t local_rank = 0);

// What a GPU is called on its host, whatever CUDA_VISIBLE_DEVICES makes of its number; "" for the
// CPU.
std::string device_identity(c10::Device device);

// Gives LibTorch's operators as many threads as the process may use, whatever OMP_NUM_THREADS says,
// and for work on the CPU keeps its large tensors' memory for reuse.
void prepare_cpu(c10::Device device);

}  // namespace stoker::machine
