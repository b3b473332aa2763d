#include "stoker/jobs/ranks.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/dist/world.h"
#include "stoker/machine/device.h"

namespace stoker::jobs {

Ranks::Ranks(const RankOptions& options, const run::RunConfig& config) {
  const launch::Place& place = options.place;
  if (place.is_alone()) return;
  if (place.rank > 0) {
    quiet_log();
    log().set_level(spdlog::level::err);
    if (options.logs) {
      std::filesystem::create_directories(*options.logs);
      add_log_file(*options.logs / fmt::format("rank-{}.txt", place.rank));
    }
  }
  const c10::Device device = machine::pick_device(config.device, place.local_rank);
  joined_ = dist::join(place, config.dist, device, machine::device_identity(device));
}

void hear(const dist::Group& group) {
  if (!group.is_first()) log().set_level(spdlog::level::info);
}

void Ranks::leave() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    group().leave(error.exit_code(), error.what());
  } catch (const std::exception& error) {
    group().leave(ExitCode::kInternal, error.what());
  } catch (...) {
    group().leave(ExitCode::kInternal, "an unknown error");
  }
}

}  // namespace stoker::jobs
