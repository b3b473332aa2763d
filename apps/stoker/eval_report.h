// What `eval` prints and writes.
#pragma once

#include <filesystem>

#include "stoker/run/evaluation.h"

namespace stoker::app {

void print_evaluation(const run::EvaluationResult& result);
void print_evaluation_json(const run::EvaluationResult& result);
void print_confusion(const run::EvaluationResult& result);

// A picture for .png, a table for other names. Both throw DataError where there were too many
// classes to count the pairs, and FileError.
void write_confusion(const run::EvaluationResult& result, const std::filesystem::path& file);
void write_per_class(const run::EvaluationResult& result, const std::filesystem::path& file);

}  // namespace stoker::app
