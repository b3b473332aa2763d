// The sections of a run's page, as HTML.
#pragma once

#include <string>

#include "stoker/report/run_record.h"

namespace stoker::report {

// Figures in large letters, with the verdict and the error of a run that failed below them.
std::string tiles_html(const RunRecord& run);
std::string verdict_html(const RunRecord& run);

// Of evaluation.json; "" where a run has none.
std::string confusion_html(const RunRecord& run);
std::string calibration_html(const RunRecord& run);
std::string classes_html(const RunRecord& run);
std::string examples_html(const RunRecord& run);

std::string batch_html(const RunRecord& run);
std::string plan_html(const RunRecord& run);
std::string config_html(const RunRecord& run);
std::string environment_html(const RunRecord& run);

// What the scripts draw the matrix and the calibration diagram from; adds nothing where there is
// no evaluation.
void add_evaluation_data(const RunRecord& run, nlohmann::ordered_json& data);

}  // namespace stoker::report
