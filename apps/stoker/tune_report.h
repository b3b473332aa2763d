// What `tune` prints, as text, as JSON and as charts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/autotune/microbatch.h"
#include "stoker/autotune/precision.h"
#include "stoker/tuning/lr_range.h"

namespace stoker::app {

void print_tuning(const autotune::MicrobatchTuning& found);
nlohmann::ordered_json tuning_json(const autotune::MicrobatchTuning& found);
std::string tuning_chart(const autotune::MicrobatchTuning& found, const std::string& model);

void print_precisions(const std::vector<autotune::PrecisionResult>& results);
nlohmann::ordered_json precisions_json(const std::vector<autotune::PrecisionResult>& results);
std::string precisions_chart(const std::vector<autotune::PrecisionResult>& results);

void print_lr_range(const tuning::LrRange& range);
nlohmann::ordered_json lr_range_json(const tuning::LrRange& range);
std::string lr_range_chart(const tuning::LrRange& range);

}  // namespace stoker::app
