// A model as a checkpoint holds it, ready to be asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "stoker/models/model.h"
#include "stoker/run/run_config.h"

namespace stoker::jobs {

struct TrainedModel {
  std::filesystem::path checkpoint;
  int64_t step = 0;       // of the checkpoint
  run::RunConfig config;  // the checkpoint's own, with the overrides
  at::Device device{at::kCPU};
  std::vector<std::string> class_names;
  models::ModelContext context;
  std::shared_ptr<models::Model> model;
};

// path: a run's folder (its best checkpoint), a pointer or a checkpoint. overrides change the
// checkpoint's configuration (device=cpu, data.root=…). Throws ConfigError, DataError, and Diverged
// for weights that are not finite. local_rank: as machine::pick_device.
TrainedModel load_trained_model(const std::filesystem::path& path,
                                std::span<const std::string> overrides, int64_t local_rank = 0);

}  // namespace stoker::jobs
