#include "command_line/sweep.h"

#include <memory>

#include "command_line/declare.h"
#include "stoker/config/values.h"

namespace stoker::app {

namespace {

constexpr double kUsualEta = 3;

// --halving and --asha take an optional number; a word that is none belongs to the list.
struct Rungs {
  CLI::Option* option = nullptr;
  std::string word;

  std::optional<double> eta(SweepArguments& arguments) const {
    if (option->count() == 0) return std::nullopt;
    if (word.empty()) return kUsualEta;
    if (const auto number = config::parse_number(word)) return number;
    arguments.words.push_back(word);
    return kUsualEta;
  }
};

void add_search(CLI::App& verb, SweepArguments& to) {
  verb.add_option("--random", to.random, "Draw so many settings at random")->option_text("N");
  verb.add_option("--sobol", to.sobol, "Draw so many settings evenly spread (Sobol's sequence)")
      ->option_text("N");
  verb.add_option("--search-seed", to.search_seed, "Seed of these draws; default 0")
      ->option_text("N");
  verb.add_option("--seeds", to.seeds, "Train each setting so many times, each with its own seed")
      ->option_text("K");
  verb.add_option("--folds", to.folds,
                  "Train each setting on so many folds of the data (data.fold), for "
                  "cross-validation")
      ->option_text("K");
  verb.add_option("--metric", to.metric,
                  "What settings are sorted by: val.top1 (default), val.top5, val.ece, val.loss, "
                  "or with task: multilabel val.map")
      ->option_text("NAME");
  verb.add_option("--prune", to.prune,
                  "median: end a trial early that is behind the median of the others")
      ->option_text("median");
  verb.add_option("--prune-startup", to.prune_startup,
                  "Others that must have come as far before a trial is pruned; default 4")
      ->option_text("N");
  verb.add_option("--prune-warmup", to.prune_warmup,
                  "Epochs before which no trial is pruned; default 1")
      ->option_text("EPOCHS");
}

void add_running(CLI::App& verb, SweepArguments& to) {
  verb.add_option("--jobs", to.jobs,
                  "Trials at a time; cores and GPUs are divided among them; default 1")
      ->option_text("N");
  verb.add_option("--max-hours", to.max_hours, "Stop after so many hours; the same command goes on")
      ->option_text("H");
  verb.add_option("--retry", to.retry, "failed: try again what failed")->option_text("failed");
  verb.add_flag("--fail-fast", to.fail_fast, "End the sweep with the first trial that fails");
  verb.add_flag("--new", to.is_new, "Begin another sweep, whatever was begun before");
  verb.add_flag("--status", to.status, "Show how far the sweep is, and start nothing");
  verb.add_flag("--json", to.json, "Print trials, Pareto front and best as JSON");
  verb.add_option("--launcher", to.launcher,
                  "Where trials run: local (default), or slurm, as a job array through sbatch")
      ->option_text("local|slurm");
  verb.add_flag("--print-commands", to.print_commands,
                "Print one command a trial, for other schedulers, and start nothing");
  verb.add_option("--task", to.task, "Run the trial of this number, as those commands do")
      ->option_text("N");
}

}  // namespace

void add_sweep(CLI::App& app, Action& action, const Body<SweepArguments>& body) {
  CLI::App* verb = app.add_subcommand("sweep", "Train with many settings and compare them");
  auto arguments = std::make_shared<SweepArguments>();
  verb->add_option("config", arguments->words,
                   "A YAML file of a training or of a sweep, or a sweep's folder; then what to try")
      ->required()
      ->option_text("CONFIG [key=a,b,c | key=2..10 | key=log:0.01..1 ...]");
  add_search(*verb, *arguments);
  auto halving = std::make_shared<Rungs>(), asha = std::make_shared<Rungs>();
  const auto add_rungs = [&](const char* name, Rungs& rungs, const char* help) {
    rungs.option = verb->add_option(name, rungs.word, help)->expected(0, 1)->option_text("[ETA]");
  };
  add_rungs("--halving", *halving,
            "Successive halving: train all a little, and one in ETA (default 3) further, in rungs");
  add_rungs("--asha", *asha, "The same without waiting for the end of a rung");
  add_running(*verb, *arguments);
  verb->footer(
      "Each trial is a run in a process of its own, in <run.dir>/<name>/sweep-<n>/. The same "
      "command\ngoes on with what was stopped, and prints the results of what is done.\n"
      "Examples:\n"
      "  stoker sweep configs/quickstart.yaml train.precision=fp32,bf16 train.batch_size=128,256\n"
      "  stoker sweep configs/cifar10.yaml optimizer.lr=log:0.1..4 --random 16 --seeds 3\n"
      "  stoker sweep configs/sweeps/shapes.yaml --jobs 2\n"
      "  stoker sweep configs/sweeps/shapes.yaml --status");
  const Body<SweepArguments> with_rungs = [=](SweepArguments parsed) {
    parsed.halving = halving->eta(parsed);
    parsed.asha = asha->eta(parsed);
    return body(parsed);
  };
  set_body(*verb, action, arguments, with_rungs);
}

}  // namespace stoker::app
