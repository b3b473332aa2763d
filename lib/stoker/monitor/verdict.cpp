#include "stoker/monitor/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

namespace stoker::monitor {

namespace {

constexpr double kWorthSaying = 0.1;  // share of the time

std::string percent(double share) { return fmt::format("{:.0f}%", 100 * share); }

struct Candidate {
  double lost = 0;  // about this share of the time
  Verdict verdict;
};

// ---- Where the loop's time goes

struct Stage {
  std::string_view doing;
  double time_s;
  std::string_view remedy;
};

Candidate data(const Facts& facts) {
  const std::array<Stage, 4> stages{
      {{"reading", facts.read_s, "put the data set on a faster or local disk, or pack it"},
       {"decoding", facts.decode_s,
        "store the images nearer to the size that training uses (stoker data pack --long-side)"},
       {"augmenting", facts.augment_s, "use fewer or cheaper steps in augment"},
       {"copying", facts.copy_s, "store the images nearer to the size that training uses"}}};
  const double worked = facts.read_s + facts.decode_s + facts.augment_s + facts.copy_s;
  const double threads_s = std::max(worked, facts.steps_s * facts.loader_threads);
  const Stage& slowest = *std::ranges::max_element(stages, {}, &Stage::time_s);
  Candidate found{facts.data_wait_s / facts.wall_s, {.kind = "data"}};
  found.verdict.text = fmt::format("training waits for images {} of the time", percent(found.lost));
  const bool is_idle = worked < threads_s / 2;
  if (worked > 0) {
    found.verdict.text +=
        fmt::format("; the loader's {} threads spend {} of theirs on {}", facts.loader_threads,
                    percent(slowest.time_s / threads_s), slowest.doing);
  }
  std::string& advice = found.verdict.advice;
  if (is_idle) {
    advice = "the threads do not work far enough ahead: raise data.prefetch_mib";
  } else {
    advice = slowest.remedy;
  }
  if (facts.loader_threads < facts.usable_cpus && !is_idle) {
    advice += fmt::format("; raise data.threads, now {} of {} usable processors",
                          facts.loader_threads, facts.usable_cpus);
  }
  if (facts.read_s + facts.decode_s > facts.augment_s && !is_idle)
    advice += "; keep decoded images in memory (data.cache=memory) if they fit";
  return found;
}

Candidate evaluation(const Facts& facts) {
  // Some of it is worth its time.
  constexpr double kUsual = 0.15;
  const double share = facts.eval_s / facts.wall_s;
  return {share - kUsual,
          {"evaluation", fmt::format("evaluations take {} of the time", percent(share)),
           "evaluate less often (eval.every_epochs), or in larger batches (eval.batch_size)"}};
}

Candidate checkpoints(const Facts& facts) {
  const double share = facts.save_s / facts.wall_s;
  return {
      share,
      {"checkpoints", fmt::format("training waits for checkpoints {} of the time", percent(share)),
       "save less often (checkpoint.every_epochs, every_minutes), or put run.dir on a faster "
       "disk"}};
}

Candidate exchange(const Facts& facts) {
  if (facts.ranks < 2) return {};
  const auto slowest = facts.mean("slowest_rank_works"), mean = facts.mean("mean_rank_works");
  const double behind = slowest && mean ? *slowest - *mean : 0;
  if (behind > kWorthSaying) {
    return {behind,
            {"slow_rank",
             fmt::format("rank {:.0f} is slower than the others, which wait for it {} of the time",
                         facts.mean("slowest_rank").value_or(0), percent(behind)),
             "see what else runs on its device and host, and how hot it is (stoker doctor there)"}};
  }
  const double share = facts.exchange_wait_s / facts.wall_s;
  return {share,
          {"exchange",
           fmt::format("ranks wait {} of the time for each other's gradients", percent(share)),
           "a larger train.batch_size exchanges less often, dist.compress: bf16 half as much; see "
           "that dist.interface is the fast network"}};
}

// ---- What holds processors or the GPU back

Candidate quota(const Facts& facts) {
  const double held = facts.mean("cpu_held").value_or(0);
  return {held,
          {"quota",
           fmt::format("the processor quota of this container is used up in {} of its periods",
                       percent(held)),
           fmt::format("raise it (the container's CPU limit), or use fewer threads than the {} "
                       "that it allows now (data.threads)",
                       facts.usable_cpus)}};
}

Candidate oversubscribed(const Facts& facts) {
  const double waited = facts.mean("cpu_wait").value_or(0);
  std::string text =
      fmt::format("training's first thread waits for a processor {} of the time", percent(waited));
  if (const auto others = facts.mean("cpu_others"))
    text += fmt::format(" ({:.1f} processors are busy with other processes)", *others);
  return {waited,
          {"oversubscribed", text,
           "end what else runs here, or give this run processors of its own (taskset, sweep's "
           "--jobs)"}};
}

std::string of_limit(const Facts& facts) {
  const auto power = facts.mean("gpu_power_w"), limit = facts.mean("gpu_power_limit_w");
  return power && limit ? fmt::format(" ({:.0f} of {:.0f} W)", *power, *limit) : std::string();
}

std::vector<Candidate> held(const Facts& facts) {
  // A clock that heat or a brake holds down is about half of what it could be.
  constexpr double kLostWhileHeld = 0.5;
  const double heat = facts.mean("gpu_held_heat").value_or(0);
  const double brake = facts.mean("gpu_held_brake").value_or(0);
  const double other = facts.mean("gpu_held_other").value_or(0);
  const auto degrees = facts.mean("gpu_temp_c");
  return {{kLostWhileHeld * heat,
           {"heat",
            fmt::format("heat holds the GPU's clock down {} of the time{}", percent(heat),
                        degrees ? fmt::format(", at {:.0f} C", *degrees) : std::string()),
            "cool it better: fans, dust, the air that reaches it; or lower its power limit "
            "(nvidia-smi -pl), which costs less"}},
          {kLostWhileHeld * brake,
           {"power_brake",
            fmt::format("a power brake from outside holds the GPU's clock down {} of the time",
                        percent(brake)),
            "the server's power supplies or the rack's limit ask for it: see to these"}},
          {kLostWhileHeld * other,
           {"slowdown",
            fmt::format("the GPU's board or hardware holds its clock down {} of the time",
                        percent(other)),
            "nvidia-smi -q -d PERFORMANCE names the reason; see to its power cables, supply and "
            "cooling"}}};
}

// ---- What the device is bound by

std::optional<Verdict> other_process(const Facts& facts) {
  constexpr double kNoticed_gib = 0.5;
  const double gib = facts.mean("gpu_others_gib").value_or(0);
  if (!facts.on_gpu || gib < kNoticed_gib) return std::nullopt;
  return Verdict{
      "other_process",
      fmt::format("another process holds {:.1f} GiB of the GPU's memory, and takes turns "
                  "with this one",
                  gib),
      "end it (nvidia-smi lists it), or choose another GPU (device, "
      "CUDA_VISIBLE_DEVICES)"};
}

std::optional<Verdict> pcie(const Facts& facts) {
  constexpr double kNearlyAll = 0.6;
  const double busy = facts.mean("gpu_pcie_busy").value_or(0);
  if (busy < kNearlyAll) return std::nullopt;
  return Verdict{
      "pcie",
      fmt::format("the PCIe link is {} busy in one direction (generation {:.0f}, {:.0f} lanes)",
                  percent(busy), facts.mean("gpu_pcie_generation").value_or(0),
                  facts.mean("gpu_pcie_width").value_or(0)),
      "send fewer bytes: smaller images (stoker data pack --long-side); see that the card "
      "has all lanes of its slot"};
}

std::optional<Verdict> launch(const Facts& facts) {
  constexpr double kBusy = 0.85, kFull = 0.35;
  const auto any = facts.mean("gpu_util"), sm = facts.mean("gpu_sm_busy");
  constexpr std::string_view kAdvice =
      "give each kernel more to do: a larger train.microbatch (stoker tune CONFIG), "
      "train.channels_last, a lower precision only after that";
  if (any && *any < kBusy) {
    return Verdict{
        "launch",
        fmt::format("the GPU stands idle {} of the time between kernels, although images "
                    "are there: they are started more slowly than they run",
                    percent(1 - *any)),
        std::string(kAdvice)};
  }
  if (sm && *sm < kFull) {
    return Verdict{"launch",
                   fmt::format("kernels run{} but fill only {} of the GPU's multiprocessors",
                               any ? fmt::format(" {} of the time", percent(*any)) : std::string(),
                               percent(*sm)),
                   std::string(kAdvice)};
  }
  return std::nullopt;
}

std::optional<Verdict> memory(const Facts& facts) {
  constexpr double kMostly = 0.6;
  constexpr double kMostlyBusy = 0.8;  // a coarse figure, which overstates
  const auto dram = facts.mean("gpu_dram"), busy = facts.mean("gpu_memory_busy");
  if (dram ? *dram < kMostly : busy.value_or(0) < kMostlyBusy) return std::nullopt;
  return Verdict{
      "memory",
      dram ? fmt::format("the GPU's memory is what limits it: {} of its bandwidth is in use",
                         percent(*dram))
           : fmt::format("the GPU's memory is what seems to limit it: it is read or written {} of "
                         "the time",
                         percent(*busy)),
      "move fewer bytes: train.precision=bf16, train.channels_last=true; a GPU with more "
      "bandwidth (docs/gpus.md)"};
}

std::optional<Verdict> power_limit(const Facts& facts) {
  constexpr double kMostly = 0.5;
  const double share = facts.mean("gpu_held_power").value_or(0);
  if (share < kMostly) return std::nullopt;
  return Verdict{"power_limit",
                 fmt::format("the GPU is busy, and its power limit holds its clock down {} of the "
                             "time{}",
                             percent(share), of_limit(facts)),
                 "it gives what its limit allows; a higher one (nvidia-smi -pl) buys speed with "
                 "energy"};
}

Verdict computing_on_gpu(const Facts& facts) {
  const auto sm = facts.mean("gpu_sm_busy"), any = facts.mean("gpu_util"), mfu = facts.mean("mfu");
  if (!sm && !any && !mfu)
    return {"unclear", "nothing takes much of the time, and the GPU's use is not measured", ""};
  const std::string busy = sm    ? fmt::format("its multiprocessors are {} busy", percent(*sm))
                           : any ? fmt::format("some kernel runs {} of the time", percent(*any))
                                 : std::string("its use is not measured");
  if (mfu) {
    return {
        "compute",
        fmt::format("the GPU computes: {} of the peak of {}, {}", percent(*mfu), facts.gpu, busy),
        *mfu < 0.3 ? "stoker tune --precision shows which arithmetic is fastest here" : ""};
  }
  return {"compute",
          fmt::format("the GPU computes: {}; the peak of {} is unknown", busy,
                      facts.gpu.empty() ? "this GPU" : facts.gpu),
          "set monitor.peak_tflops to see which share of it is used"};
}

Verdict computing_on_cpu(const Facts& facts) {
  constexpr double kMost = 0.8;
  const auto used = facts.mean("cpu_used");
  if (!used) return {"unclear", "nothing takes much of the time, and nothing more is measured", ""};
  if (*used < kMost * facts.usable_cpus) {
    return {"unclear",
            fmt::format("training uses {:.1f} of {} processors, and waits for nothing that is "
                        "measured",
                        *used, facts.usable_cpus),
            "a larger train.microbatch lets more of them work at once"};
  }
  return {
      "compute",
      fmt::format("the processors compute: {:.1f} of {} are in use", *used, facts.usable_cpus),
      facts.faster_precision.empty()
          ? "more processors, or a GPU"
          : fmt::format("train.precision={}, more processors, or a GPU", facts.faster_precision)};
}

}  // namespace

std::string verdict_text(const Verdict& verdict) {
  return verdict.advice.empty() ? verdict.text
                                : fmt::format("{}: {}", verdict.text, verdict.advice);
}

Verdict judge(const Facts& facts) {
  if (facts.lines == 0) {
    return {
        "too_short",
        "it has logged too little to judge by: the first line of a process has its set-up in it",
        "log more often (log.every_steps), or look again later"};
  }
  if (facts.wall_s < kJudgedFrom_s) {
    return {"too_short", fmt::format("{:.1f} s are too short to judge by", facts.wall_s), ""};
  }
  std::vector<Candidate> losses{data(facts),     evaluation(facts), checkpoints(facts),
                                exchange(facts), quota(facts),      oversubscribed(facts)};
  for (Candidate& candidate : held(facts)) losses.push_back(std::move(candidate));
  const auto worst = std::ranges::max_element(losses, {}, &Candidate::lost);
  if (worst->lost > kWorthSaying) return worst->verdict;
  if (const auto verdict = other_process(facts)) return *verdict;
  if (!facts.on_gpu) return computing_on_cpu(facts);
  for (const auto& bound : {pcie, launch, memory, power_limit}) {
    if (const auto verdict = bound(facts)) return *verdict;
  }
  return computing_on_gpu(facts);
}

}  // namespace stoker::monitor
