// What libjpeg read from a file's header, as BaselineDecoder takes it.
#pragma once

#include <cstdio>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include "stoker/decode/baseline.h"

namespace stoker::decode {

// False where BaselineDecoder does not know this kind of file, or the header lacks something: then
// libjpeg decodes it, or says what is wrong. Call after jpeg_read_header and before anything else;
// the frame's scan is what lies ahead of the source.
bool read_baseline_frame(const jpeg_decompress_struct& info, JpegFrame& frame);

}  // namespace stoker::decode
