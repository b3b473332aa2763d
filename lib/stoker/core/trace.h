// Ranges of time of this process's threads, for a trace: what each of them did when.
//
//   trace::start();
//   { const trace::Span span(trace::Stage::kForward); forward(); }   // on any thread
//   for (const trace::Thread& thread : trace::stop()) …
//
// Off, which is the rule, a span costs one relaxed load. On, it costs two reads of the clock and
// some memory; a thread's ranges beyond the limit are counted instead of kept. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace stoker::trace {

enum class Stage : uint8_t {
  // Of the loader's threads, an image.
  kRead,
  kDecode,
  kAugment,
  kCopy,
  // Of the thread that trains.
  kStep,
  kWait,  // for the loader's next batch
  kMove,  // of a batch to the device
  kForward,
  kBackward,
  kReduce,  // what is left of the exchange between ranks after the backward pass
  kUpdate,
  kEvaluate,
  kSnapshot,    // the copy of the state that a checkpoint holds
  kCheckpoint,  // its writing, on a thread of its own
};
inline constexpr int kStages = static_cast<int>(Stage::kCheckpoint) + 1;
const char* name(Stage stage);
// A stage of a loader's thread, not of the one that trains.
inline bool is_of_loader(Stage stage) { return stage < Stage::kStep; }

struct Range {
  Stage stage = Stage::kStep;
  int64_t begin_ns = 0, end_ns = 0;  // as now_ns()
};

struct Thread {
  int64_t id = 0;             // gettid(2)
  std::vector<Range> ranges;  // by their ends
  int64_t left_out = 0;       // beyond the limit
};

// Nanoseconds since 1970: the clock of LibTorch's profiler.
int64_t now_ns() noexcept;

// Forgets what was noted before. Of each thread at most so many ranges are kept.
void start(int64_t most_ranges_a_thread = int64_t{1} << 20);
// What was noted since, by thread; those without any are left out.
std::vector<Thread> stop();

// Another listener of spans as they begin and end, on their own threads, whether or not ranges are
// noted; an empty one ends that. Not while other threads have spans.
struct Listener {
  void (*begin)(const char* name) = nullptr;
  void (*end)() = nullptr;
};
void listen(Listener listener);

namespace detail {
inline constexpr uint8_t kNoting = 1, kListening = 2;
extern std::atomic<uint8_t> active;
void note(Stage stage, int64_t begin_ns, int64_t end_ns) noexcept;
int64_t begin(Stage stage, uint8_t active) noexcept;
void end(Stage stage, int64_t begin_ns, uint8_t active) noexcept;
}  // namespace detail

inline bool is_on() noexcept {
  return (detail::active.load(std::memory_order_relaxed) & detail::kNoting) != 0;
}

class Span {
 public:
  explicit Span(Stage stage) noexcept
      : stage_(stage), active_(detail::active.load(std::memory_order_relaxed)) {
    if (active_ != 0) begin_ns_ = detail::begin(stage_, active_);
  }
  ~Span() {
    if (active_ != 0) detail::end(stage_, begin_ns_, active_);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const Stage stage_;
  const uint8_t active_;
  int64_t begin_ns_ = 0;
};

// Stages that follow one another on a thread, each named when it ends.
class Laps {
 public:
  void start() noexcept { last_ns_ = is_on() ? now_ns() : 0; }
  void end(Stage stage) noexcept {
    if (!is_on()) return;
    const int64_t now = now_ns();
    if (last_ns_ != 0) detail::note(stage, last_ns_, now);
    last_ns_ = now;
  }

 private:
  int64_t last_ns_ = 0;
};

}  // namespace stoker::trace
