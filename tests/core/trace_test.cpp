#include "stoker/core/trace.h"

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace stoker;
using trace::Stage;

namespace {

std::map<Stage, int> counts(const trace::Thread& thread) {
  std::map<Stage, int> found;
  for (const trace::Range& range : thread.ranges) ++found[range.stage];
  return found;
}

}  // namespace

TEST_CASE("spans of all threads are noted, those within others first") {
  trace::start();
  const int64_t before = trace::now_ns();
  {
    const trace::Span outer(Stage::kStep);
    const trace::Span inner(Stage::kForward);
  }
  std::thread([] {
    for (int i = 0; i < 3; ++i) const trace::Span span(Stage::kDecode);
  }).join();
  const int64_t after = trace::now_ns();
  std::vector<trace::Thread> threads = trace::stop();
  REQUIRE(threads.size() == 2);
  std::ranges::sort(threads, {}, [](const trace::Thread& thread) { return thread.ranges.size(); });
  CHECK(threads[0].id != threads[1].id);
  REQUIRE(threads[0].ranges.size() == 2);
  const trace::Range &inner = threads[0].ranges[0], &outer = threads[0].ranges[1];
  CHECK(inner.stage == Stage::kForward);
  CHECK(outer.stage == Stage::kStep);
  CHECK(before <= outer.begin_ns);
  CHECK(outer.begin_ns <= inner.begin_ns);
  CHECK(inner.begin_ns <= inner.end_ns);
  CHECK(inner.end_ns <= outer.end_ns);
  CHECK(outer.end_ns <= after);
  CHECK(counts(threads[1]) == std::map<Stage, int>{{Stage::kDecode, 3}});
}

TEST_CASE("nothing is noted before start, after stop, or for a span that began before") {
  { const trace::Span span(Stage::kWait); }
  trace::Laps laps;
  laps.start();
  {
    const trace::Span early(Stage::kWait);
    trace::start();
    laps.end(Stage::kRead);  // began before
  }
  laps.end(Stage::kDecode);
  const std::vector<trace::Thread> threads = trace::stop();
  { const trace::Span span(Stage::kWait); }
  REQUIRE(threads.size() == 1);
  CHECK(counts(threads[0]) == std::map<Stage, int>{{Stage::kDecode, 1}});
  CHECK(trace::stop().empty());
  trace::start();
  CHECK(trace::stop().empty());
}

TEST_CASE("laps follow one another without a gap") {
  trace::start();
  trace::Laps laps;
  laps.start();
  laps.end(Stage::kRead);
  laps.end(Stage::kAugment);
  const std::vector<trace::Thread> threads = trace::stop();
  REQUIRE(threads.size() == 1);
  const std::vector<trace::Range>& ranges = threads[0].ranges;
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].stage == Stage::kRead);
  CHECK(ranges[1].stage == Stage::kAugment);
  CHECK(ranges[0].end_ns == ranges[1].begin_ns);
  CHECK(ranges[0].begin_ns <= ranges[0].end_ns);
}

TEST_CASE("ranges beyond a thread's limit are counted") {
  trace::start(2);
  for (int i = 0; i < 5; ++i) const trace::Span span(Stage::kUpdate);
  std::vector<trace::Thread> threads = trace::stop();
  REQUIRE(threads.size() == 1);
  CHECK(threads[0].ranges.size() == 2);
  CHECK(threads[0].left_out == 3);
  trace::start();
  { const trace::Span span(Stage::kUpdate); }
  threads = trace::stop();
  REQUIRE(threads.size() == 1);
  CHECK(threads[0].ranges.size() == 1);
  CHECK(threads[0].left_out == 0);
}

TEST_CASE("threads that note while the trace starts and stops are no trouble") {
  std::atomic<bool> done{false};
  std::vector<std::thread> noting;
  for (int i = 0; i < 3; ++i) {
    noting.emplace_back([&done] {
      trace::Laps laps;
      while (!done) {
        laps.start();
        const trace::Span span(Stage::kDecode);
        laps.end(Stage::kRead);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    trace::start(100);
    for (const trace::Thread& thread : trace::stop()) {
      for (const trace::Range& range : thread.ranges) CHECK(range.begin_ns <= range.end_ns);
      CHECK(thread.ranges.size() <= 100);
    }
  }
  done = true;
  for (std::thread& thread : noting) thread.join();
}

TEST_CASE("every stage has a name of its own") {
  std::vector<std::string> names;
  for (int i = 0; i < trace::kStages; ++i) names.emplace_back(trace::name(static_cast<Stage>(i)));
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
  CHECK(std::ranges::none_of(names, &std::string::empty));
}

namespace {
std::vector<std::string> heard;
}

TEST_CASE("a listener hears spans begin and end whether or not they are noted") {
  trace::listen({.begin = [](const char* name) { heard.emplace_back(name); },
                 .end = [] { heard.emplace_back("end"); }});
  {
    const trace::Span outer(Stage::kEvaluate);
    const trace::Span inner(Stage::kWait);
  }
  CHECK(heard == std::vector<std::string>{"evaluate", "wait", "end", "end"});
  trace::listen({});
  { const trace::Span span(Stage::kWait); }
  CHECK(heard.size() == 4);
}
