// The verbs of the command line. Each add_ function declares a sub-command; when the user picks it,
// parsing sets `action`, which main runs. Parsing and printing live here, the work in lib/.
#pragma once

#include <functional>

#include "stoker/core/error.h"

namespace CLI {
class App;
}

namespace stoker::app {

using Action = std::function<ExitCode()>;

void add_train(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);

}  // namespace stoker::app
