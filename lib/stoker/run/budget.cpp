#include "stoker/run/budget.h"

#include "stoker/core/error.h"

namespace stoker::run {

void check_budgets(const RunConfig& config) {
  const train::TrainOptions& train = config.train;
  if (!train.max_time.empty()) train::parse_duration_s(train.max_time, "train.max_time");
  if (train.max_cost && !config.monitor.price_per_kwh) {
    throw ConfigError(
        "train.max_cost: what a kWh costs is not known. Set monitor.price_per_kwh, or limit the "
        "energy itself with train.max_energy_kwh");
  }
  if ((train.max_cost || train.max_energy_kwh) && config.monitor.every_s <= 0) {
    throw ConfigError(
        "train.max_energy_kwh and train.max_cost need the monitor, which monitor.every_s: 0 turns "
        "off. Leave it at 0.25");
  }
}

}  // namespace stoker::run
