#include "stoker/autotune/learning_rate.h"

#include "stoker/autotune/first_steps.h"

namespace stoker::autotune {

tuning::LrRange find_learning_rate(run::Session& session, const LearningRateOptions& options) {
  tuning::LrRangeTest test(options.test);
  const double base_lr = session.optimizer->base_lr();
  FirstSteps steps(session, [&](int64_t) { return test.rate() / base_lr; });
  for (int64_t done = 0; !test.is_over(); ++done) {
    if (options.on_progress) options.on_progress(done, options.test.steps);
    test.note(steps.next().loss);
  }
  return test.result();
}

}  // namespace stoker::autotune
