#include "stoker/dist/beat.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "stoker/core/interrupt.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/shown.h"

namespace stoker::dist {

namespace {

constexpr double kBeatS = 1;
constexpr double kWatchS = 0.5;
constexpr double kOverdueS = 10;  // for this process to notice another's error
constexpr const char* kStop = "stop";

std::chrono::duration<double> span_of(double count) { return std::chrono::duration<double>(count); }

[[noreturn]] void leave_now(int code, const std::string& message) {
  fmt::print(stderr, "stoker: {}\n", message);
  std::fflush(stderr);
  ::_exit(code);
}

}  // namespace

std::string beat_key(int64_t rank) { return fmt::format("beat/{}", rank); }
std::string left_key(int64_t rank) { return fmt::format("left/{}", rank); }

std::string to_json(const Left& left) {
  return json_text(nlohmann::json{{"code", static_cast<int>(left.code)}, {"why", left.why}});
}

Left left_in(const std::string& json) {
  const nlohmann::json left = try_parse_json(json);
  if (!left.is_object()) return {};
  return {.code = static_cast<ExitCode>(left.value("code", static_cast<int>(ExitCode::kDevice))),
          .why = left.value("why", "")};
}

void Beat::run() {
  for (int64_t count = 0; pause(count == 0 ? 0 : kBeatS); ++count) {
    try {
      store_.set(beat_key(rank_), fmt::format("{} {}", count, step.load()));
      share_request();
      leave_if_overdue();
    } catch (const std::exception&) {
      // The store is gone with the rank that served it; exchanges with that rank fail as well.
    }
  }
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  changed_.notify_all();
}

bool Beat::end() {
  std::unique_lock lock(mutex_);
  ends_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, span_of(kBeatS), [&] { return has_ended_; });
}

bool Beat::pause(double length_s) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, span_of(length_s), [&] { return ends_; });
  return !ends_;
}

void Beat::watch_grace() {
  for (double waited_s = 0; pause(kWatchS);) {
    if (interrupt_signal() == 0 || is_ending || is_leaving) continue;
    waited_s += kWatchS;
    if (waited_s >= grace_s_) leave_out_of_grace();
  }
}

std::string Beat::request() {
  const std::lock_guard lock(mutex_);
  return request_;
}

// A signal to one rank is a signal to all.
void Beat::share_request() {
  if (!request().empty()) return;
  const int own = interrupt_signal();
  std::string found;
  if (own != 0) {
    found = fmt::format("{} was asked to stop ({})", name_of(rank_, members_), ::sigdescr_np(own));
    store_.set_once(kStop, found);
  } else {
    found = store_.find(kStop).value_or("");
    if (found.empty()) return;
    set_interrupt(SIGTERM);
    log().info("{}: all ranks stop", found);
  }
  const std::lock_guard lock(mutex_);
  request_ = found;
}

void Beat::leave_out_of_grace() {
  const std::string known = request();
  const std::string why = fmt::format(
      "{}, and what was under way did not end within {:g} s (dist.grace_s)",
      known.empty() ? name_of(rank_, members_) + " was asked to stop" : known, grace_s_);
  std::thread([this, why] {  // this process ends before it does
    try {
      Store store = store_.clone();
      store.set(left_key(rank_), to_json({.code = ExitCode::kInterrupted, .why = why}));
      store.set_once(kFirstToLeave, fmt::to_string(rank_));
    } catch (const std::exception&) {
      // Who served the store has left before.
    }
  })
      .detach();
  std::this_thread::sleep_for(span_of(kWatchS));  // for it, where the store answers
  const std::string lost = lost_by_leaving();
  leave_now(static_cast<int>(ExitCode::kInterrupted),
            fmt::format("{}: rank {} leaves.{}{}", why, rank_, lost.empty() ? "" : "\n", lost));
}

void Beat::leave_if_overdue() {
  if (is_leaving) return;
  const auto first = store_.find(kFirstToLeave);
  if (!first || *first == fmt::to_string(rank_)) return;
  overdue_s_ += kBeatS;
  if (overdue_s_ < kOverdueS) return;
  const Left left = left_in(store_.find("left/" + *first).value_or("{}"));
  leave_now(static_cast<int>(left.code), fmt::format("rank {} ends, because rank {} did: {}", rank_,
                                                     *first, shown_message(left.why)));
}

}  // namespace stoker::dist
