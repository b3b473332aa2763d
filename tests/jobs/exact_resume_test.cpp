// On the CPU a run that was stopped and resumed is bit for bit one that was never stopped, at
// random steps: for every pair of values of every two of the things below; and, in the case
// "[product]", which takes most of an hour and runs only when it is asked for, for the full product
// of data, optimizers, schedules, precisions and algorithms, with a random value of each other
// thing:
//
//   build/tests/test_jobs "[product]"
#include <ATen/ops/rand.h>

#include <map>
#include <random>
#include <set>

#include "jobs/runs.h"
#include "stoker/algorithms/table.h"
#include "stoker/data/table.h"
#include "stoker/losses/loss.h"
#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "stoker/optim/schedule.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

// One thing that a run is made of, and its alternatives as overrides.
struct Factor {
  std::string name;
  std::vector<std::string> values;
};

std::vector<std::string> names(const config::Alternatives& table) {
  std::vector<std::string> list;
  for (const auto& row : table.rows()) list.emplace_back(row.name);
  return list;
}

// Of the format's data, which an override with this in it is to have.
constexpr std::string_view kTeacher = "TEACHER";

std::string with_options(const std::string& algorithm) {
  if (algorithm == "distillation") return fmt::format("distillation: {{teacher: {}}}", kTeacher);
  if (algorithm == "ema") return "ema: {more_decays: [0.5]}";
  if (algorithm == "swa") return "swa: {start: 0.3, lr: 0.005, norm_images: 20}";
  if (algorithm == "unfreezing") return "unfreezing: {head_epochs: 0.5, every_epochs: 0.6}";
  return algorithm;
}

constexpr size_t kAlgorithm = 4;  // of the factors
constexpr size_t kInProduct = 5;  // the first ones

// The first is the data's.
std::vector<Factor> factors() {
  Factor format{"data.format", {}}, optimizer{"optimizer", {}}, schedule{"schedule", {}},
      precision{"train.precision", {}}, algorithm{"algorithms", {"[]"}};
  format.values = names(data::formats());
  for (const char* name : {"sgd", "adam", "adamw"})
    optimizer.values.push_back(fmt::format("{{name: {}, lr: 0.01}}", name));
  optimizer.values.push_back("{name: sgd, lr: 0.02, momentum: 0}");
  optimizer.values.push_back("{name: sgd, lr: 0.02, momentum: 0.9, nesterov: true}");
  for (const auto& name : names(optim::schedules())) {
    schedule.values.push_back(name == "step" ? "{name: step, milestones: [1, 2]}" : name);
  }
  schedule.values.push_back("{name: cosine, warmup_epochs: 0.7}");
  for (const auto& name : enum_names(train::Precision{})) precision.values.emplace_back(name);
  for (const auto& name : names(algorithms::algorithms())) {
    algorithm.values.push_back(fmt::format("[{}]", with_options(name)));
  }
  return {format,
          optimizer,
          schedule,
          precision,
          algorithm,
          {"model",
           {"{name: mlp, hidden: [12], dropout: 0.2}",
            "{name: mlp, hidden: [12], batch_norm: true}", "{name: airbench, widths: [4, 8, 8]}"}},
          {"train.loss", names(losses::losses())},
          {"train.microbatch", {"0", "3"}},
          {"train.clip_grad_norm", {"none", "0.5"}},
          {"train.repeated_augmentation", {"1", "3"}},
          {"data.threads", {"auto", "1", "3"}}};
}

// Rows of one value a factor, in which every two values of two factors meet. Greedy: of some random
// rows that hold a pair not met yet, the one that meets the most.
class AllPairs {
 public:
  using Row = std::vector<size_t>;
  explicit AllPairs(const std::vector<Factor>& factors, uint32_t seed)
      : factors_(factors), chance_(seed) {
    for (size_t a = 0; a < factors.size(); ++a)
      for (size_t b = a + 1; b < factors.size(); ++b)
        for (size_t x = 0; x < factors[a].values.size(); ++x)
          for (size_t y = 0; y < factors[b].values.size(); ++y) open_.insert({a, x, b, y});
  }

  std::vector<Row> rows() {
    std::vector<Row> rows;
    while (!open_.empty()) {
      Row best;
      size_t most = 0;
      for (int tries = 0; tries < 50; ++tries) {
        Row row = random_row();
        const auto& [a, x, b, y] = *open_.begin();
        row[a] = x;
        row[b] = y;
        if (const size_t met = pairs_met(row).size(); met > most) {
          most = met;
          best = row;
        }
      }
      for (const auto& pair : pairs_met(best)) open_.erase(pair);
      rows.push_back(best);
    }
    return rows;
  }

 private:
  using Pair = std::tuple<size_t, size_t, size_t, size_t>;
  Row random_row() {
    Row row;
    for (const Factor& factor : factors_) row.push_back(chance_() % factor.values.size());
    return row;
  }
  std::vector<Pair> pairs_met(const Row& row) const {
    std::vector<Pair> met;
    for (size_t a = 0; a < row.size(); ++a)
      for (size_t b = a + 1; b < row.size(); ++b)
        if (const Pair pair{a, row[a], b, row[b]}; open_.contains(pair)) met.push_back(pair);
    return met;
  }

  const std::vector<Factor>& factors_;
  std::mt19937 chance_;
  std::set<Pair> open_;
};

// Stops twice on the way, after steps or in the evaluation after an epoch, and goes on each time.
runs::RunFolder train_with_stops(const Overrides& overrides, std::mt19937& chance,
                                 std::string& story) {
  const int64_t first = 1 + chance() % 7, second = first + 1 + chance() % (14 - first);
  std::optional<runs::RunFolder> folder;
  for (const int64_t step : {first, second}) {
    const Event event = step % 5 == 0 && chance() % 2 ? Event::kEvalStart : Event::kStepDone;
    story += fmt::format(" stopped at {}{}", step, event == Event::kEvalStart ? " (eval)" : "");
    const auto result = run_once(overrides, folder ? folder->path() : fs::path(),
                                 std::make_unique<StopAt>(step, event));
    REQUIRE(result.reason == train::StopReason::kInterrupted);
    folder = result.folder;
  }
  REQUIRE(run_once(overrides, folder->path()).reason == train::StopReason::kFinished);
  return *folder;
}

// Runs of combinations of the factors' values, each with and without stops.
class Resuming {
 public:
  using Row = AllPairs::Row;  // the position of a value in each factor

  explicit Resuming(std::vector<Factor> factors) : factors_(std::move(factors)) {
    for (const std::string& format : factors_[0].values) {
      data_[format] = make_data(format, folder_.path() / format);
      Overrides overrides = small_run(folder_.path() / "teachers");
      overrides.insert(overrides.end(), data_[format].begin(), data_[format].end());
      overrides.insert(overrides.end(), {"name=" + format, "train.epochs=1"});
      teachers_[format] = run_once(overrides).folder.path();
    }
  }
  const std::vector<Factor>& factors() const { return factors_; }

  void check(const Row& row) {
    const fs::path dir = folder_.path() / "runs";
    const Overrides overrides = overrides_of(row, dir);
    std::string story = fmt::format("{}", fmt::join(overrides, " "));
    const runs::RunFolder whole = run_once(overrides).folder;
    const at::Tensor draws = at::rand({4});
    const runs::RunFolder cut = train_with_stops(overrides, chance_, story);
    INFO(story);
    CHECK(differences(whole, cut) == std::vector<std::string>{});
    CHECK(at::rand({4}).equal(draws));
    CHECK(metric_lines(whole).size() == 9);  // 6 of training, 3 evaluations
    fs::remove_all(dir);
  }

 private:
  Overrides overrides_of(const Row& row, const fs::path& dir) const {
    Overrides overrides = small_run(dir);
    // Overflows at first, and growth again: the scaler's state matters.
    overrides.insert(overrides.end(),
                     {"grad_scaler.initial_scale=1e6", "grad_scaler.growth_interval=3"});
    const std::string& format = factors_[0].values[row[0]];
    for (size_t i = 1; i < factors_.size(); ++i) {
      std::string value = factors_[i].values[row[i]];
      if (const size_t at = value.find(kTeacher); at != std::string::npos)
        value.replace(at, kTeacher.size(), teachers_.at(format).string());
      overrides.push_back(factors_[i].name + "=" + value);
    }
    const Overrides& source = data_.at(format);
    overrides.insert(overrides.end(), source.begin(), source.end());
    return overrides;
  }

  TemporaryFolder folder_;
  std::vector<Factor> factors_;
  std::map<std::string, Overrides> data_;
  std::map<std::string, fs::path> teachers_;
  std::mt19937 chance_{20261125};
};

}  // namespace

TEST_CASE("a run that was stopped goes on bit for bit, whatever it is made of") {
  Resuming resuming(factors());
  const std::vector<AllPairs::Row> rows = AllPairs(resuming.factors(), 1).rows();
  CHECK(rows.size() >= 35);
  for (const AllPairs::Row& row : rows) resuming.check(row);
}

// One run each, of random other values.
TEST_CASE("a run with any of the optimizers goes on bit for bit") {
  std::vector<Factor> all = factors();
  all[0].values = {"shapes"};
  std::vector<std::string>& optimizers = all[1].values;
  optimizers = {"{name: sgd, lr: 0.01, lookahead: {every_steps: 4}}",
                "{name: sgd, groups: [{match: head, optimizer: {name: lion, lr: 0.001}}]}",
                "{name: muon, rest: lion, head: true, normalize_weights: true}",
                "{name: rmsprop, centered: true, momentum: 0.9, weight_decay: 0.1}",
                "{name: lamb, weight_decay: 0.1}",
                "{name: lars, weight_decay: 0.1, nesterov: true}"};
  for (const std::string& name : names(optim::optimizers()))
    if (name != "sgd" && !name.starts_with("adam"))
      optimizers.push_back(fmt::format("{{name: {}, lr: 0.01}}", name));
  Resuming resuming(all);
  std::mt19937 chance(4);
  for (size_t i = 0; i < optimizers.size(); ++i) {
    AllPairs::Row row{0, i};
    while (row.size() < all.size()) row.push_back(chance() % all[row.size()].values.size());
    // A mean of its own goes with no other average.
    if (optimizers[i].find("schedule_free") != std::string::npos) row[kAlgorithm] = 0;
    resuming.check(row);
  }
}

TEST_CASE("the same for all that a run is made of at once", "[.][product]") {
  Resuming resuming(factors());
  const std::vector<Factor>& all = resuming.factors();
  std::mt19937 chance(1);
  AllPairs::Row row(all.size());
  int64_t runs = 0;
  for (bool more = true; more;) {
    for (size_t i = kInProduct; i < all.size(); ++i) row[i] = chance() % all[i].values.size();
    resuming.check(row);
    if (++runs % 100 == 0) fmt::print(stderr, "{} combinations\n", runs);
    more = false;
    for (size_t i = 0; i < kInProduct && !more; ++i) {  // an odometer
      more = ++row[i] < all[i].values.size();
      if (!more) row[i] = 0;
    }
  }
  fmt::print(stderr, "{} combinations\n", runs);
  CHECK(runs > 1000);
}

TEST_CASE("a run whose images grow goes on bit for bit, and with the size of its epoch") {
  const TemporaryFolder folder;
  Overrides overrides = small_run(folder.path());
  const Overrides more{"model={name: resnet18, stem: cifar}",
                       "data.format=shapes",
                       "data.format.size=16",
                       fmt::format("data.format.train_images={}", kTrainImages),
                       fmt::format("data.format.val_images={}", kValImages),
                       "augment=[random_resized_crop: {size: 16}]",
                       "progressive_resizing={initial_scale: 0.5, delay_fraction: 0.3, "
                       "finetune_fraction: 0.3}"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  std::mt19937 chance(3);
  std::string story;
  const runs::RunFolder whole = run_once(overrides).folder;
  const runs::RunFolder cut = train_with_stops(overrides, chance, story);
  INFO(story);
  CHECK(differences(whole, cut) == std::vector<std::string>{});
}

TEST_CASE("a run with several labels an image goes on bit for bit") {
  std::mt19937 chance(5);
  for (const auto& [loss, algorithms] : std::vector<std::pair<std::string, std::string>>{
           {"{name: bce, positive_weight: 2}", "[mixup]"},
           {"sigmoid_focal", "[cutmix: {per: pair}, ema]"},
           {"asymmetric", "[fmix, sam, swa: {start: 0.3, norm_images: 20}]"}}) {
    const TemporaryFolder folder;
    Overrides overrides = small_run(folder.path());
    const Overrides data = make_data("shapes", folder.path() / "data");
    overrides.insert(overrides.end(), data.begin(), data.end());
    const Overrides more{"task=multilabel",          "checkpoint.monitor=val.map",
                         "train.loss=" + loss,       "algorithms=" + algorithms,
                         "train.balanced_loss=true", "train.microbatch=3"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    std::string story;
    const runs::RunFolder whole = run_once(overrides).folder;
    const runs::RunFolder cut = train_with_stops(overrides, chance, story);
    INFO(loss << algorithms << story);
    CHECK(differences(whole, cut) == std::vector<std::string>{});
    CHECK(metric_lines(whole).back().find("\"map\"") != std::string::npos);
  }
}

TEST_CASE("deep networks go on bit for bit") {
  for (const std::string model :
       {"{name: resnet20, drop_path: 0.2}", "{name: mobilenetv3_small_050, dropout: 0.2}",
        "{name: vit_tiny_patch16_224, drop_path: 0.3, dropout: 0.1, registers: 1}",
        "{name: convnext_atto, drop_path: 0.3, dropout: 0.1}"}) {
    const TemporaryFolder folder;
    Overrides overrides = small_run(folder.path());
    const Overrides more{"model=" + model, "optimizer={name: adamw, lr: 0.001, layer_decay: 0.8}",
                         "train.max_steps=6", "train.precision=bf16", "train.microbatch=3"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    const Overrides data = make_data("shapes", folder.path() / "data");
    overrides.insert(overrides.end(), data.begin(), data.end());
    const runs::RunFolder whole = run_once(overrides).folder;
    const auto cut = run_once(overrides, {}, std::make_unique<StopAt>(2, Event::kStepDone));
    REQUIRE(cut.reason == train::StopReason::kInterrupted);
    REQUIRE(run_once(overrides, cut.folder.path()).reason == train::StopReason::kMaxSteps);
    INFO(model);
    CHECK(differences(whole, cut.folder) == std::vector<std::string>{});
  }
}
