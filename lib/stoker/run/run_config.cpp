#include "stoker/run/run_config.h"

#include <array>

#include "stoker/algorithms/table.h"
#include "stoker/augment/pipeline.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/optim/schedule.h"

namespace stoker::run {

RunConfig::RunConfig()
    : model(models::models().pick("resnet18")),
      optimizer(optim::optimizers().pick("sgd")),
      schedule(optim::schedules().pick("cosine")) {}

std::span<const std::string_view> enum_names(Task) {
  static constexpr std::array<std::string_view, 2> kNames{"classification", "multilabel"};
  return kNames;
}

void describe(RunConfig& c, config::Fields& fields) {
  fields("name", c.name, "name of the run's folder; empty: the config file's name");
  fields(
      "task", c.task,
      "classification: an image has one class; multilabel: any number of labels, each a question "
      "of yes or no (docs/multilabel.md)")
      .fixed_on_resume("it decides what a label means");
  fields("seed", c.seed, "decides the initial weights, the order of samples and every random draw")
      .at_least(0)
      .fixed_on_resume("order and draws of the steps to come depend on it");
  fields("data", c.data, "where samples come from");
  fields("augment", c.augment, augment::augmentations(),
         "steps from a decoded image to the network's input, in order");
  fields("progressive_resizing", c.progressive_resizing,
         "training on small images first; scales every size that `augment` names");
  fields("model", c.model, models::models(), "the network")
      .fixed_on_resume("the weights belong to it");
  fields("optimizer", c.optimizer, optim::optimizers(), "the update rule")
      .fixed_name_on_resume("its state in the checkpoint fits no other");
  fields("schedule", c.schedule, optim::schedules(), "learning rate over the run");
  fields("algorithms", c.algorithms, algorithms::algorithms(), "things that change the training");
  fields("train", c.train, "length, batch and arithmetic of training");
  fields("memory", c.memory, "how much memory training may take, and what happens beyond it");
  fields("tune", c.tune, "what changes with the batch");
  fields("grad_scaler", c.grad_scaler, "loss scaling; used by train.precision fp16 alone");
  fields("eval", c.eval, "evaluation during and after training");
  fields("checkpoint", c.checkpoint, "when to save and what to keep");
  fields("dist", c.dist, "how several ranks work together; used where there are several");
  fields("log", c.log, "what is printed and written while training");
  fields("monitor", c.monitor,
         "what is read of the machine, and how the run can be watched while it trains");
  fields("run", c.run, "where runs are kept");
  fields("device", c.device, "auto, cpu, cuda or cuda:<index>");
}

}  // namespace stoker::run
