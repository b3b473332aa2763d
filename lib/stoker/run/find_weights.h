// Where the weights that a run begins with are.
#pragma once

#include <filesystem>
#include <string>

namespace stoker::run {

// model.weights: the path itself, or that in a hub's cache where it is no file but a hub's name.
// Nothing is read. Throws ConfigError where there is nothing to read.
std::filesystem::path find_weights(const std::string& source);

}  // namespace stoker::run
