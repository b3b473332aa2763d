// What a file that is no image looks like, for messages.
#pragma once

#include <string>

#include "stoker/core/file.h"

namespace stoker::decode {

// "a web page or XML, as failed downloads leave", with what to do where that is known.
std::string foreign_kind(Bytes file);

}  // namespace stoker::decode
