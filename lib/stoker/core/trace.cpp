#include "stoker/core/trace.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

namespace stoker::trace {

namespace {

struct Notes {
  explicit Notes(int64_t thread_id) : id(thread_id) {}

  const int64_t id;
  std::mutex mutex;  // of the owner and of stop(); they hardly ever meet
  int64_t generation = 0;
  std::vector<Range> ranges;
  int64_t left_out = 0;
};

struct Register {
  std::mutex mutex;
  std::vector<std::shared_ptr<Notes>> threads;
  std::atomic<int64_t> generation{0}, most{0};
};

Register& all() {
  static auto* the_register = new Register;  // threads may note while the process ends
  return *the_register;
}

Notes& of_this_thread() {
  thread_local const std::shared_ptr<Notes> notes = [] {
    auto fresh = std::make_shared<Notes>(::syscall(SYS_gettid));
    const std::lock_guard lock(all().mutex);
    all().threads.push_back(fresh);
    return fresh;
  }();
  return *notes;
}

std::atomic<void (*)(const char*)> on_begin{nullptr};
std::atomic<void (*)()> on_end{nullptr};

}  // namespace

std::atomic<uint8_t> detail::active{0};

const char* name(Stage stage) {
  constexpr std::array<const char*, kStages> kNames{
      "read",    "decode",   "augment", "copy",   "step",     "wait",     "move",
      "forward", "backward", "reduce",  "update", "evaluate", "snapshot", "checkpoint"};
  return kNames[static_cast<size_t>(stage)];
}

int64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void start(int64_t most_ranges_a_thread) {
  Register& everything = all();
  const std::lock_guard lock(everything.mutex);
  std::erase_if(everything.threads, [](const auto& notes) { return notes.use_count() == 1; });
  everything.most = most_ranges_a_thread;
  ++everything.generation;
  detail::active |= detail::kNoting;
}

std::vector<Thread> stop() {
  detail::active &= static_cast<uint8_t>(~detail::kNoting);
  Register& everything = all();
  const std::lock_guard lock(everything.mutex);
  std::vector<Thread> threads;
  for (const std::shared_ptr<Notes>& notes : everything.threads) {
    const std::lock_guard own(notes->mutex);
    if (notes->generation != everything.generation) continue;
    threads.push_back({.id = notes->id,
                       .ranges = std::exchange(notes->ranges, {}),
                       .left_out = std::exchange(notes->left_out, 0)});
    notes->generation = 0;
  }
  return threads;
}

void listen(Listener listener) {
  on_begin = listener.begin;
  on_end = listener.end;
  if (listener.begin != nullptr)
    detail::active |= detail::kListening;
  else
    detail::active &= static_cast<uint8_t>(~detail::kListening);
}

void detail::note(Stage stage, int64_t begin_ns, int64_t end_ns) noexcept {
  try {
    const Range range{.stage = stage, .begin_ns = begin_ns, .end_ns = end_ns};
    Notes& notes = of_this_thread();
    const std::lock_guard lock(notes.mutex);
    const int64_t generation = all().generation.load();
    if (notes.generation != generation) {
      notes.generation = generation;
      notes.ranges.clear();
      notes.left_out = 0;
    }
    if (std::ssize(notes.ranges) >= all().most.load()) {
      ++notes.left_out;
    } else {
      notes.ranges.push_back(range);
    }
  } catch (...) {  // without memory there is a gap in the trace
  }
}

int64_t detail::begin(Stage stage, uint8_t active) noexcept {
  if ((active & kListening) != 0) on_begin.load()(name(stage));
  return (active & kNoting) != 0 ? now_ns() : 0;
}

void detail::end(Stage stage, int64_t begin_ns, uint8_t active) noexcept {
  if ((active & kNoting) != 0 && is_on()) note(stage, begin_ns, now_ns());
  if ((active & kListening) != 0) on_end.load()();
}

}  // namespace stoker::trace
