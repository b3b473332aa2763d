// The verbs of the command line. Each add_ function declares a sub-command; when the user picks it,
// parsing sets `action`, which main runs. Parsing and printing live here, the work in lib/.
#pragma once

#include <functional>
#include <string>

#include "stoker/core/error.h"

namespace CLI {
class App;
}

namespace stoker::app {

using Action = std::function<ExitCode()>;

// Whether a word of the command line is a key=value override and no file of that name.
bool is_override(const std::string& word);

void add_train(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_resume_check(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);

}  // namespace stoker::app
