// Runs the test cases. With "[gpu]" as its argument on a machine without a CUDA device it runs none
// and ends with 77, which CTest reports as skipped.
#include <dlfcn.h>

#include <cstdio>
#include <string_view>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

namespace {

constexpr int kSkipped = 77;

// Asks the driver, so that tests below LibTorch need not link CUDA.
bool has_cuda_device() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return false;
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  int devices = 0;
  return init && count && init(0) == 0 && count(&devices) == 0 && devices > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "[gpu]" && !has_cuda_device()) {
    std::puts("skipped: no CUDA device");
    return kSkipped;
  }
  return Catch::Session().run(argc, argv);
}
