#include "stoker/train/position.h"

#include <array>
#include <cmath>
#include <limits>

namespace stoker::train {

void LogWindow::add(const StepRecord& record) {
  ++steps;
  skipped_steps += record.skipped ? 1 : 0;
  images += record.images;
  if (std::isfinite(record.loss)) {
    loss_sum += record.loss * static_cast<double>(record.images);
    loss_images += record.images;
  }
  time_s += record.time_s;
  data_wait_s += record.data_wait_s;
  lr = record.lr;
}

double LogWindow::loss() const {
  return loss_images > 0 ? loss_sum / static_cast<double>(loss_images)
                         : std::numeric_limits<double>::quiet_NaN();
}

std::span<const NumberField<Position>> position_fields() {
  static const std::array<NumberField<Position>, 10> fields{
      {{"step", &Position::step},
       {"schedule_step", &Position::schedule_step},
       {"train_time_s", &Position::train_time_s, /*is_clock=*/true},
       {"images_seen", &Position::images_seen},
       {"nonfinite_in_a_row", &Position::nonfinite_in_a_row},
       {"unreadable_steps_in_a_row", &Position::unreadable_steps_in_a_row, /*is_clock=*/false,
        /*is_optional=*/true},
       {"best_monitored", &Position::best_monitored, /*is_clock=*/false, /*is_optional=*/true},
       {"evaluations_since_best", &Position::evaluations_since_best, /*is_clock=*/false,
        /*is_optional=*/true},
       {"grad_accumulation", &Position::grad_accumulation, /*is_clock=*/false,
        /*is_optional=*/true},
       {"eval_batch_size", &Position::eval_batch_size, /*is_clock=*/false,
        /*is_optional=*/true}}};
  return fields;
}

std::span<const NumberField<LogWindow>> window_fields() {
  static const std::array<NumberField<LogWindow>, 8> fields{
      {{"steps", &LogWindow::steps},
       {"skipped_steps", &LogWindow::skipped_steps},
       {"images", &LogWindow::images},
       {"loss_sum", &LogWindow::loss_sum},
       {"loss_images", &LogWindow::loss_images},
       {"time_s", &LogWindow::time_s, /*is_clock=*/true},
       {"data_wait_s", &LogWindow::data_wait_s, /*is_clock=*/true},
       {"lr", &LogWindow::lr}}};
  return fields;
}

std::span<const NumberField<monitor::EnergyTotals>> energy_fields() {
  using E = monitor::EnergyTotals;
  static const std::array<NumberField<E>, 12> fields{
      {{"gpu_counter_j", &E::gpu_counter_j, /*is_clock=*/true, /*is_optional=*/true},
       {"gpu_integral_j", &E::gpu_integral_j, /*is_clock=*/true, /*is_optional=*/true},
       {"gpu_j", &E::gpu_j, /*is_clock=*/true, /*is_optional=*/true},
       {"cpu_counter_j", &E::cpu_counter_j, /*is_clock=*/true, /*is_optional=*/true},
       {"cpu_model_j", &E::cpu_model_j, /*is_clock=*/true, /*is_optional=*/true},
       {"gpu_s", &E::gpu_s, /*is_clock=*/true, /*is_optional=*/true},
       {"gpu_measured_s", &E::gpu_measured_s, /*is_clock=*/true, /*is_optional=*/true},
       {"gpu_by_integral_s", &E::gpu_by_integral_s, /*is_clock=*/true, /*is_optional=*/true},
       {"cpu_s", &E::cpu_s, /*is_clock=*/true, /*is_optional=*/true},
       {"cpu_measured_s", &E::cpu_measured_s, /*is_clock=*/true, /*is_optional=*/true},
       {"is_estimated", &E::is_estimated, /*is_clock=*/true, /*is_optional=*/true},
       {"is_of_module", &E::is_of_module, /*is_clock=*/true, /*is_optional=*/true}}};
  return fields;
}

}  // namespace stoker::train
