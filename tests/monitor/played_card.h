// A card that the stand-in plays, as a test sees it.
//
//   PlayedCard card("h200");
//   card.at(3.5);                       // its clock
//   const GpuReading reading = card.reader().read(0);
#pragma once

#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "stoker/monitor/gpu_reader.h"

namespace stoker::test {

inline constexpr const char* kFakeUuid = "00112233445566778899aabbccddeeff";

class PlayedCard {
 public:
  explicit PlayedCard(const std::string& id, const std::string& library = STOKER_FAKE_NVML)
      : handle_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr || !function<bool(const char*)>("fake_nvml_play")(id.c_str()))
      throw std::runtime_error("no card " + id);
    at(0);
    opening_ = monitor::open_nvml(library);
  }
  ~PlayedCard() {
    reader_ = nullptr;
    opening_.nvml = nullptr;
    dlclose(handle_);
  }
  PlayedCard(const PlayedCard&) = delete;
  PlayedCard& operator=(const PlayedCard&) = delete;

  void at(double seconds) { function<void(double)>("fake_nvml_set_time")(seconds); }
  long calls() const { return function<long()>("fake_nvml_calls")(); }
  const monitor::NvmlOpening& opening() const { return opening_; }
  monitor::GpuReader& reader() {
    if (!reader_) {
      reader_ = std::make_unique<monitor::GpuReader>(opening_.nvml, opening_.nvml->find(kFakeUuid));
    }
    return *reader_;
  }

 private:
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(handle_, name));
  }

  void* handle_;
  monitor::NvmlOpening opening_;
  std::unique_ptr<monitor::GpuReader> reader_;
};

}  // namespace stoker::test
