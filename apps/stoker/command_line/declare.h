// What the declarations of verbs share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "command_line/body.h"

namespace stoker::app {

// When `verb` is picked, `action` becomes the body with the arguments that were parsed.
template <class Arguments>
void set_body(CLI::App& verb, Action& action, const std::shared_ptr<Arguments>& arguments,
              const Body<Arguments>& body) {
  verb.callback(
      [&action, arguments, body] { action = [arguments, body] { return body(*arguments); }; });
}

}  // namespace stoker::app
