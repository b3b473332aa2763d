// What is said when a command line cannot be understood.
#pragma once

#include <optional>

#include "stoker/core/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace stoker::app {

// Before parsing: a command line that ends where a verb should follow gets the list of verbs, and
// the exit code of a mistake; throws ConfigError for a misspelt verb. Otherwise nothing.
std::optional<ExitCode> check_verbs(const CLI::App& app, int argc, char** argv);

// After parsing failed, or asked for help: prints it, and returns the exit code. Throws ConfigError
// for an option that the verb does not have, with what it may mean.
ExitCode explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv);

}  // namespace stoker::app
