// How a verb's command line and its work are kept apart.
//
// Each add_ function of this folder declares a verb. When the user picks it, parsing sets the
// action, which runs the verb's body with the arguments. The command line is the same in both
// programs, `stoker` and `stoker-torch`; a body that a program lacks hands over to the other.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

#include "stoker/core/error.h"

namespace CLI {
class App;
}

namespace stoker::app {

using Action = std::function<ExitCode()>;

template <class Arguments>
using Body = std::function<ExitCode(const Arguments&)>;

// Thrown in place of work that is in the other program; nothing has been read or printed yet.
struct HandOver {};

template <class Arguments>
ExitCode elsewhere(const Arguments&) {
  throw HandOver{};
}

// Whether a word of the command line is a key=value override and no file of that name.
inline bool is_override(const std::string& word) {
  std::error_code too_long_for_a_path;
  return word.find('=') != std::string::npos && !std::filesystem::exists(word, too_long_for_a_path);
}

}  // namespace stoker::app
