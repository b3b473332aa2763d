#include "stoker/decode/opencv_loader.h"

#include <dlfcn.h>

#include <string>

#include "stoker/core/error.h"
#include "stoker/core/program_file.h"

namespace stoker::decode {
namespace {

void* open_library() {
  ProgramFile file = find_program_file("libstoker_opencv.so");
  if (file.path) {
    // Not RTLD_DEEPBIND: a program that is linked against std::cerr holds the initialised copy of
    // it, and OpenCV would write to the other one.
    if (void* library = dlopen(file.path->c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    const char* reason = dlerror();
    file.tried +=
        fmt::format("\n  {}: {}", file.path->string(), reason ? reason : "unknown reason");
  }
  throw DataError("OpenCV, which reads BMP and PNM, cannot be loaded:" + file.tried);
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
