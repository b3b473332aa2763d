// What is said when a command line cannot be understood.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace stoker::app {

// Keys of the configuration that end in this name.
using KeysNamed = std::function<std::vector<std::string>(std::string_view)>;

// Whether key=value words may stand behind the verb.
bool takes_overrides(const CLI::App& verb);

// Before parsing: a command line that ends where a verb should follow gets the list of verbs, and
// the exit code of a mistake; throws ConfigError for a misspelt verb. Otherwise nothing.
std::optional<ExitCode> check_verbs(const CLI::App& app, int argc, char** argv);

// After parsing failed, or asked for help: prints it, and returns the exit code. Throws ConfigError
// for an option that the verb does not have, with what it may mean.
ExitCode explain(const CLI::App& app, const CLI::ParseError& error, const KeysNamed& keys_named,
                 int argc, char** argv);

}  // namespace stoker::app
