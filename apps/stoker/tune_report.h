// What `tune` prints, as text, as JSON and as charts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/autotune/critical_batch.h"
#include "stoker/autotune/microbatch.h"
#include "stoker/autotune/precision.h"
#include "stoker/tuning/lr_range.h"

namespace stoker::app {

struct EvaluationNeed {
  int64_t batch_size = 0;
  int64_t bytes = 0;  // predicted peak of the device
};
void print_tuning(const autotune::MicrobatchTuning& found, const EvaluationNeed& evaluation);
nlohmann::ordered_json tuning_json(const autotune::MicrobatchTuning& found,
                                   const EvaluationNeed& evaluation);
std::string tuning_chart(const autotune::MicrobatchTuning& found, const std::string& model);

void print_precisions(const std::vector<autotune::PrecisionResult>& results);
nlohmann::ordered_json precisions_json(const std::vector<autotune::PrecisionResult>& results);
std::string precisions_chart(const std::vector<autotune::PrecisionResult>& results);

void print_lr_range(const tuning::LrRange& range);
nlohmann::ordered_json lr_range_json(const tuning::LrRange& range);
std::string lr_range_chart(const tuning::LrRange& range);

void print_critical_batch(const autotune::CriticalBatch& found);
nlohmann::ordered_json critical_batch_json(const autotune::CriticalBatch& found);
std::string critical_batch_chart(const autotune::CriticalBatch& found);

}  // namespace stoker::app
