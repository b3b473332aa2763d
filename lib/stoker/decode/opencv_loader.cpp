#include "stoker/decode/opencv_loader.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>

#include "stoker/core/error.h"

namespace stoker::decode {
namespace {

void* open_library() {
  const std::filesystem::path program = std::filesystem::canonical("/proc/self/exe").parent_path();
  std::string tried;
  for (const std::filesystem::path& folder :
       {program / "lib/stoker", program.parent_path() / "lib/stoker"}) {
    const std::string path = (folder / "libstoker_opencv.so").string();
    if (!std::filesystem::exists(path)) {
      tried += "\n  " + path + ": not there";
      continue;
    }
    // Not RTLD_DEEPBIND: a program that is linked against std::cerr holds the initialised copy of
    // it, and OpenCV would write to the other one.
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    const char* reason = dlerror();
    tried += fmt::format("\n  {}: {}", path, reason ? reason : "unknown reason");
  }
  throw DataError("OpenCV, which reads BMP and PNM, cannot be loaded:" + tried);
}

template <class Function>
Function symbol(void* library, const char* name) {
  if (void* address = dlsym(library, name)) return reinterpret_cast<Function>(address);
  throw DataError(fmt::format("libstoker_opencv.so has no {}: it is of another version", name));
}

}  // namespace

const OpencvModule& opencv_module() {
  static const OpencvModule module = [] {
    void* library = open_library();
    return OpencvModule{symbol<decltype(&stoker_opencv_decode)>(library, "stoker_opencv_decode"),
                        symbol<decltype(&stoker_opencv_release)>(library, "stoker_opencv_release")};
  }();
  return module;
}

}  // namespace stoker::decode
