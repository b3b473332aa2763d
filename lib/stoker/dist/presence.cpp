#include "stoker/dist/presence.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "stoker/core/clock.h"
#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"

namespace stoker::dist {

namespace {

constexpr double kBeatS = 1;
constexpr double kSilenceS = 3.5;  // without a beat a rank does not answer
constexpr double kAnswerS = 5;     // of the store
constexpr double kOverdueS = 10;   // for this process to notice another's error
constexpr double kLingerS = 8;     // of the rank that serves the store, for others to read it

constexpr const char* kFirst = "first-to-leave";

std::string key(const char* what, int64_t rank) { return fmt::format("{}/{}", what, rank); }

// The step in a beat, "12 340".
std::string step_of(const std::string& beat) { return beat.substr(beat.find(' ') + 1); }

std::chrono::duration<double> seconds(double count) { return std::chrono::duration<double>(count); }

}  // namespace

// What the thread works on; it outlives the Presence where a call of the store does not return.
class Presence::Beat {
 public:
  Beat(Store store, int64_t rank) : store_(std::move(store)), rank_(rank) {}

  std::atomic<int64_t> step{0};
  std::atomic<bool> is_leaving{false};

  void run() {
    for (int64_t count = 0; pause(count == 0 ? 0 : kBeatS); ++count) {
      try {
        store_.set(key("beat", rank_), fmt::format("{} {}", count, step.load()));
        end_if_overdue();
      } catch (const std::exception&) {
        // The store is gone with the rank that served it; exchanges with that rank fail as well.
        continue;
      }
    }
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    changed_.notify_all();
  }

  // Whether it ended in time.
  bool end() {
    std::unique_lock lock(mutex_);
    ends_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, seconds(kBeatS), [&] { return has_ended_; });
  }

  bool pause(double length) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(length), [&] { return ends_; });
    return !ends_;
  }

 private:
  void end_if_overdue() {
    if (is_leaving) return;
    const auto first = store_.find(kFirst);
    if (!first || *first == fmt::to_string(rank_)) return;
    overdue_s_ += kBeatS;
    if (overdue_s_ < kOverdueS) return;
    const nlohmann::json left = try_parse_json(store_.find("left/" + *first).value_or("{}"));
    const int code = left.value("code", static_cast<int>(ExitCode::kDevice));
    fmt::print(stderr, "stoker: rank {} ends, because rank {} did: {}\n", rank_, *first,
               shown_message(left.value("why", "")));
    std::fflush(stderr);
    ::_exit(code);
  }

  Store store_;
  int64_t rank_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false, has_ended_ = false;
  double overdue_s_ = 0;  // since another rank's error was seen
};

Presence::Presence(const Store& store, int64_t rank, std::vector<Member> members)
    : store_(std::make_shared<Store>(store.clone())),
      rank_(rank),
      members_(std::move(members)),
      beat_(std::make_shared<Beat>(store.clone(), rank)),
      thread_([beat = beat_] { beat->run(); }) {}

Presence::~Presence() {
  if (beat_->end())
    thread_.join();
  else
    thread_.detach();
}

void Presence::note_step(int64_t step) noexcept { beat_->step = step; }

template <class Question>
auto Presence::ask(Question question) {
  using Answer = decltype(question(*store_));
  if (is_lost_) throw std::runtime_error("the store does not answer");
  std::promise<Answer> promise;
  std::future<Answer> answer = promise.get_future();
  std::thread([store = store_, question = std::move(question),
               promise = std::move(promise)]() mutable {
    try {
      promise.set_value(question(*store));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  if (answer.wait_for(seconds(kAnswerS)) == std::future_status::ready) return answer.get();
  is_lost_ = true;
  throw std::runtime_error("the store does not answer");
}

void Presence::leave(ExitCode code, std::string_view why) noexcept {
  beat_->is_leaving = true;
  if (is_leaving_.exchange(true)) return;
  try {
    tell(code, why);
    ask([rank = rank_](Store& store) { return store.set_once(kFirst, fmt::to_string(rank)); });
  } catch (const std::exception&) {
    // Nobody is there to be told.
  }
}

void Presence::leave_in_peace() noexcept {
  beat_->is_leaving = true;
  if (is_leaving_.exchange(true)) return;
  try {
    tell(ExitCode::kDone, "");
  } catch (const std::exception&) {
    // As above.
  }
}

void Presence::tell(ExitCode code, std::string_view why) {
  const std::string text =
      json_text(nlohmann::json{{"code", static_cast<int>(code)}, {"why", std::string(why)}});
  ask([text, rank = rank_](Store& store) {
    store.set(key("left", rank), text);
    return true;
  });
}

void Presence::wait_for_others() noexcept {
  try {
    const Stopwatch watch;
    for (int64_t rank = 0; rank < std::ssize(members_); ++rank) {
      const auto has_left = [&] {
        return ask([rank](Store& store) { return store.find(key("left", rank)).has_value(); });
      };
      while (watch.elapsed_s() < kLingerS && !has_left()) beat_->pause(0.05);
    }
  } catch (const std::exception&) {
    return;
  }
}

std::optional<Presence::Left> Presence::first_to_leave() {
  const auto first = ask([](Store& store) { return store.find(kFirst); });
  if (!first || *first == fmt::to_string(rank_)) return std::nullopt;
  const auto text = ask([&](Store& store) { return store.find("left/" + *first); });
  const nlohmann::json left = try_parse_json(text.value_or("{}"));
  return Left{
      .rank = std::stoll(*first),
      .code = static_cast<ExitCode>(left.value("code", static_cast<int>(ExitCode::kDevice))),
      .why = left.value("why", "")};
}

std::vector<std::string> Presence::beats() {
  return ask([ranks = std::ssize(members_)](Store& store) {
    std::vector<std::string> beats;
    for (int64_t rank = 0; rank < ranks; ++rank)
      beats.push_back(store.find(key("beat", rank)).value_or(""));
    return beats;
  });
}

PeerFailed Presence::quote(const Left& left) const {
  return {left.code, fmt::format("{} ended: {}", name_of(left.rank, members_),
                                 left.why.empty() ? "it left no reason" : left.why)};
}

PeerFailed Presence::silent(const std::vector<std::string>& before,
                            const std::vector<std::string>& after, const std::string& what) const {
  std::string names, steps;
  for (size_t rank = 0; rank < after.size(); ++rank) {
    const auto number = static_cast<int64_t>(rank);
    steps += fmt::format("{}{}", rank == 0 ? "" : ", ", step_of(after[rank]));
    if (number == rank_ || after[rank] != before[rank]) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name_of(number, members_));
  }
  if (names.empty()) {
    return {ExitCode::kDevice,
            fmt::format("an exchange between ranks failed although all of them are alive, at the "
                        "steps {}: {}. Where that is a time-out, one of them is slow or waits for "
                        "something, or the network is slow: see dist.timeout_s.",
                        steps, what)};
  }
  return {ExitCode::kDevice,
          fmt::format("{} does not answer: it was killed, stopped, or its network is broken. Its "
                      "own output, and the kernel's log of its host (out of memory), say more; a "
                      "run goes on from its last checkpoint with --resume. ({})",
                      names, what)};
}

PeerFailed Presence::explain(const std::string& what) {
  try {
    const std::vector<std::string> before = beats();
    const Stopwatch watch;
    while (watch.elapsed_s() < kSilenceS) {
      if (const auto left = first_to_leave()) return quote(*left);
      beat_->pause(0.05);
    }
    return silent(before, beats(), what);
  } catch (const std::exception&) {
    return {ExitCode::kDevice,
            fmt::format("{}, with whom the ranks' store is, does not answer: it has ended, and its "
                        "own output says why, or its network is broken. ({})",
                        name_of(0, members_), what)};
  }
}

}  // namespace stoker::dist
