#include "stoker/monitor/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>

namespace stoker::monitor {

namespace {

constexpr const char* kDriversLibrary = "libnvidia-ml.so.1";
constexpr size_t kHexDigits = 32;

// "GPU-" and the digits in groups of 8, 4, 4, 4 and 12.
std::string uuid_text(std::string_view prefix, std::string_view digits) {
  return fmt::format("{}-{}-{}-{}-{}-{}", prefix, digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

std::string library_name(const std::string& given) {
  if (!given.empty()) return given;
  const char* named = std::getenv("STOKER_NVML_LIBRARY");
  return named != nullptr && *named != '\0' ? named : kDriversLibrary;
}

}  // namespace

Nvml::~Nvml() {
  if (api_.shutdown != nullptr) api_.shutdown();
  dlclose(library_);
}

std::string Nvml::words(NvmlReturn result) const {
  const char* text = api_.error_string != nullptr ? api_.error_string(result) : nullptr;
  return text != nullptr ? text : fmt::format("NVML error {}", static_cast<int>(result));
}

std::string Nvml::driver_version() const {
  std::array<char, 96> text{};
  if (api_.system_get_driver_version == nullptr ||
      api_.system_get_driver_version(text.data(), text.size()) != NvmlReturn::kSuccess) {
    return "";
  }
  return text.data();
}

std::string Nvml::cuda_version() const {
  const auto version = ask<int>(api_.system_get_cuda_driver_version);
  if (!version) return "";
  return fmt::format("{}.{}", *version / 1000, *version % 1000 / 10);
}

std::vector<NvmlDevice> Nvml::devices() const {
  std::vector<NvmlDevice> list;
  const unsigned count = ask<unsigned>(api_.device_get_count).value_or(0);
  for (unsigned i = 0; i < count; ++i) {
    NvmlDevice device = nullptr;
    if (api_.device_get_handle_by_index != nullptr &&
        api_.device_get_handle_by_index(i, &device) == NvmlReturn::kSuccess) {
      list.push_back(device);
    }
  }
  return list;
}

NvmlDevice Nvml::find(std::string_view identity) const {
  if (api_.device_get_handle_by_uuid == nullptr || identity.empty()) return nullptr;
  std::vector<std::string> names{std::string(identity)};
  if (identity.size() == kHexDigits)
    names = {uuid_text("GPU", identity), uuid_text("MIG", identity)};
  for (const std::string& name : names) {
    NvmlDevice device = nullptr;
    if (api_.device_get_handle_by_uuid(name.c_str(), &device) == NvmlReturn::kSuccess)
      return device;
  }
  return nullptr;
}

NvmlOpening open_nvml(const std::string& library) {
  const std::string name = library_name(library);
  void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    return {nullptr, fmt::format("no NVIDIA driver can be asked: {}",
                                 reason != nullptr ? reason : name + " cannot be opened")};
  }
  const NvmlApi api = load_nvml_api(handle);
  const auto refuse = [&](const std::string& why) -> NvmlOpening {
    dlclose(handle);
    return {nullptr, why};
  };
  if (api.init == nullptr) return refuse(fmt::format("{} is no NVML: it lacks nvmlInit_v2", name));
  if (const NvmlReturn result = api.init(); result != NvmlReturn::kSuccess) {
    const char* text = api.error_string != nullptr ? api.error_string(result) : nullptr;
    return refuse(fmt::format("the NVIDIA driver does not answer: {}",
                              text != nullptr ? text : fmt::to_string(static_cast<int>(result))));
  }
  return {std::make_shared<const Nvml>(handle, api), ""};
}

}  // namespace stoker::monitor
