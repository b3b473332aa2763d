#include "stoker/ops/device_errors.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <stdexcept>

#include "stoker/core/error.h"

namespace stoker::ops {

namespace {

bool contains_any(std::string_view text, std::span<const std::string_view> parts) {
  return std::ranges::any_of(parts,
                             [&](std::string_view part) { return text.find(part) != text.npos; });
}

// LibTorch has no type for these: the allocator of the CPU, and libraries that allocate by
// themselves.
bool is_out_of_memory(std::string_view message) {
  // The last two: more bytes or values than can be counted.
  static constexpr std::array<std::string_view, 8> kParts{"DefaultCPUAllocator",
                                                          "CUDA error: out of memory",
                                                          "CUBLAS_STATUS_ALLOC_FAILED",
                                                          "CUDNN_STATUS_ALLOC_FAILED",
                                                          "CUDA out of memory",
                                                          "could not allocate memory",
                                                          "Storage size calculation overflowed",
                                                          "integer multiplication overflow"};
  return contains_any(message, kParts);
}

bool is_device_fault(std::string_view message) {
  static constexpr std::array<std::string_view, 8> kParts{
      "CUDA error",    "CUDA driver", "cuDNN error", "CUDNN_STATUS",
      "CUBLAS_STATUS", "CUFFT_",      "NCCL",        "NVRTC"};
  return contains_any(message, kParts);
}

// The sentences of LibTorch's message that say what was asked and what was free; the rest is advice
// on environment variables.
std::string facts_of(std::string_view message) {
  static constexpr std::string_view kFree = " is free.";
  if (const size_t end = message.find(kFree); end != message.npos) {
    return std::string(message.substr(0, end + kFree.size()));
  }
  return std::string(message.substr(0, message.find('\n')));
}

DeviceOutOfMemory out_of_memory(const DeviceWork& work, std::string_view message) {
  std::string facts = facts_of(message);
  std::string whole =
      fmt::format("{} on {}: {} {}", work.doing, work.device.str(), facts, work.remedy);
  return {whole, std::move(facts)};
}

DeviceError device_fault(const DeviceWork& work, std::string_view message) {
  return DeviceError(fmt::format(
      "{} on {}: {}. `nvidia-smi` and the kernel's log (`dmesg`, Xid) say more; a run goes on from "
      "its last checkpoint with --resume.",
      work.doing, work.device.str(), message.substr(0, message.find('\n'))));
}

}  // namespace

std::string memory_facts(const OutOfMemory& error) {
  const auto* detailed = dynamic_cast<const DeviceOutOfMemory*>(&error);
  return detailed != nullptr ? detailed->facts() : error.what();
}

void rethrow_translated(const DeviceWork& work) {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    throw out_of_memory(work, error.what_without_backtrace());
  } catch (const c10::AcceleratorError& error) {
    if (is_out_of_memory(error.what_without_backtrace())) {
      throw out_of_memory(work, error.what_without_backtrace());
    }
    throw device_fault(work, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw out_of_memory(work, "the system has no more memory for this process.");
  } catch (const c10::Error& error) {
    const std::string_view message = error.what_without_backtrace();
    if (is_out_of_memory(message)) throw out_of_memory(work, message);
    if (is_device_fault(message)) throw device_fault(work, message);
    throw;
  } catch (const std::runtime_error& error) {
    if (is_out_of_memory(error.what())) throw out_of_memory(work, error.what());
    if (is_device_fault(error.what())) throw device_fault(work, error.what());
    throw;
  }
}

}  // namespace stoker::ops
