#include "stoker/bench/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::bench {

namespace {

constexpr std::string_view kEvents = "\"traceEvents\": [";

int64_t base_time_ns(const std::string& trace) {
  constexpr std::string_view kKey = "\"baseTimeNanoseconds\":";
  const size_t key = trace.find(kKey);
  STOKER_CHECK(key != std::string::npos, "Kineto's trace has no {}", kKey);
  size_t at = key + kKey.size();
  while (trace[at] == ' ') ++at;
  int64_t base = 0;
  const auto [end, error] = std::from_chars(trace.data() + at, trace.data() + trace.size(), base);
  STOKER_CHECK(error == std::errc(), "Kineto's trace has no number at {}", kKey);
  return base;
}

// The text of the next object of an array, which is taken off its front; nothing at its end.
std::optional<std::string_view> next_object(std::string_view& array) {
  const size_t begin = array.find_first_of("{]");
  STOKER_CHECK(begin != std::string_view::npos, "Kineto's list of events does not end");
  if (array[begin] == ']') return std::nullopt;
  int depth = 0;
  bool in_text = false;
  for (size_t i = begin; i < array.size(); ++i) {
    const char c = array[i];
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && c == '{') {
      ++depth;
    } else if (!in_text && c == '}' && --depth == 0) {
      const std::string_view object = array.substr(begin, i + 1 - begin);
      array.remove_prefix(i + 1);
      return object;
    }
  }
  throw InternalError("an event of Kineto's does not end");
}

// In microseconds. Viewers read them as doubles, which hold them to a nanosecond or so: a range
// ends two before its end, so that it never reaches into the next.
std::string event_of(const trace::Range& range, int64_t process_id, int64_t thread_id,
                     int64_t base_ns) {
  constexpr int64_t kGap_ns = 2;
  const int64_t begin_ns = range.begin_ns - base_ns;
  const int64_t long_ns = std::max<int64_t>(0, range.end_ns - range.begin_ns - kGap_ns);
  return fmt::format(
      R"({{"ph":"X","cat":"stoker","name":"{}","pid":{},"tid":{},"ts":{}.{:03},"dur":{}.{:03}}})",
      trace::name(range.stage), process_id, thread_id, begin_ns / 1000, begin_ns % 1000,
      long_ns / 1000, long_ns % 1000);
}

bool is_kept(std::string_view text, const std::set<int64_t>& named) {
  const nlohmann::json event = nlohmann::json::parse(text);
  const auto has_number = [&](const char* key) {
    return !event.contains(key) || event[key].is_number();
  };
  if (!has_number("pid") || !has_number("tid")) return false;
  return event.value("name", "") != "thread_name" || !named.contains(event.value("tid", -1));
}

}  // namespace

std::string with_ranges(const std::string& trace, const std::vector<trace::Thread>& threads,
                        int64_t process_id, int64_t main_thread_id) {
  const size_t events = trace.find(kEvents);
  STOKER_CHECK(events != std::string::npos, "Kineto's trace has no {}", kEvents);
  const int64_t base_ns = base_time_ns(trace);
  std::string merged = trace.substr(0, events + kEvents.size());
  auto add = [&, is_first = true](std::string_view event) mutable {
    if (!std::exchange(is_first, false)) merged += ',';
    merged += '\n';
    merged += event;
  };
  std::set<int64_t> named;
  int64_t loader_threads = 0;
  for (const trace::Thread& thread : threads) {
    const bool loads = std::ranges::all_of(
        thread.ranges, [](const trace::Range& range) { return is_of_loader(range.stage); });
    const std::string name = thread.id == main_thread_id ? "training"
                             : loads ? fmt::format("loader {}", loader_threads++)
                                     : "checkpoint";
    named.insert(thread.id);
    add(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"{}"}}}})",
                    process_id, thread.id, name));
    for (const trace::Range& range : thread.ranges) {
      add(event_of(range, process_id, thread.id, base_ns));
    }
  }
  std::string_view kinetos = std::string_view(trace).substr(events + kEvents.size());
  while (const auto event = next_object(kinetos))
    if (is_kept(*event, named)) add(*event);
  return merged + "\n]}\n";
}

}  // namespace stoker::bench
