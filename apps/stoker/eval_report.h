// What `eval` prints and writes.
#pragma once

#include <cstdio>
#include <filesystem>

#include "stoker/jobs/evaluation.h"

namespace stoker::app {

void print_evaluation(const jobs::EvaluationResult& result, std::FILE* to);
void print_evaluation_json(const jobs::EvaluationResult& result);
void print_confusion(const jobs::EvaluationResult& result);

// A picture for .png, a table for other names. Both throw DataError where there were too many
// classes to count the pairs, and what write_output() throws.
void write_confusion(const jobs::EvaluationResult& result, const std::filesystem::path& file);
void write_per_class(const jobs::EvaluationResult& result, const std::filesystem::path& file);

}  // namespace stoker::app
