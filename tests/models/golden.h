// Compares a network with a row of tests/golden/models_*.json, whose generator is
// tests/golden/models_golden.py: the same weights and images by a formula of name and index, all in
// float64, so that only the order of summation differs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/models/model.h"

namespace stoker::test {

nlohmann::json golden_rows(const std::string& family);
// tests/golden/<name>.json.
nlohmann::json golden_file(const std::string& name);

// Numbers in [-1, 1) as float64: splitmix64 of FNV-1a(name) and the flat index.
at::Tensor formula(const std::string& name, at::IntArrayRef shape);

// Fills every parameter and buffer by its name.
void fill_by_formula(models::Model& model);

// The context a row asks for: its channels (3 where not said), height, width and 5 classes.
models::ModelContext context_of(const nlohmann::json& row);

// Logits in eval and train mode, gradients, running statistics, names and shapes; of a row with
// "gradient_norm" the norm of all gradients alone.
void check_against_golden(models::Model& model, const nlohmann::json& row);
// The names, shapes and number of parameters alone, whose values may be blank.
void check_names(models::Model& model, const nlohmann::json& row);

}  // namespace stoker::test
