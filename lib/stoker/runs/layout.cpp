#include "stoker/runs/layout.h"

namespace stoker::runs {

namespace fs = std::filesystem;

bool is_checkpoint(const fs::path& path) {
  std::error_code none;
  return fs::exists(path / kManifestFile, none);
}

bool has_checkpoint(const fs::path& run) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / kCheckpointsFolder, none)) {
    if (entry.path().filename().string().starts_with(kStepPrefix) && is_checkpoint(entry.path())) {
      return true;
    }
  }
  return false;
}

}  // namespace stoker::runs
