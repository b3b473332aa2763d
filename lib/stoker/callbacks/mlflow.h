// A run in a folder of MLflow's (report/mlflow_store.h).
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/core/file.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// store: log.mlflow. folder: the run's, whose configuration is there already. Throws FileError
// where the folder cannot be made; what fails later is warned of once, and no more is written.
std::unique_ptr<train::Callback> make_mlflow(FileSystem& files, const std::filesystem::path& store,
                                             const std::filesystem::path& folder);

}  // namespace stoker::callbacks
