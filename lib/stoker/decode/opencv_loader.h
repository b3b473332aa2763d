// Opens libstoker_opencv.so when it is first needed.
#pragma once

#include "stoker/decode/opencv_module.h"

namespace stoker::decode {

struct OpencvModule {
  decltype(&stoker_opencv_decode) decode;
  decltype(&stoker_opencv_release) release;
};

// Looks in lib/stoker beside the running program (a build tree) and in ../lib/stoker (installed).
// Throws DataError that says where it looked. Thread-safe; opened once.
const OpencvModule& opencv_module();

}  // namespace stoker::decode
