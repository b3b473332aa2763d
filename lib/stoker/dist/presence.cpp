#include "stoker/dist/presence.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

#include "stoker/core/clock.h"

namespace stoker::dist {

namespace {

constexpr double kSilenceS = 3.5;  // without a beat a rank does not answer
constexpr double kAnswerS = 5;     // of the store
constexpr double kLingerS = 8;     // of the rank that serves the store, for others to read it

// The step in a beat, "12 340".
std::string step_of(const std::string& beat) { return beat.substr(beat.find(' ') + 1); }

std::chrono::duration<double> seconds(double count) { return std::chrono::duration<double>(count); }

}  // namespace

Presence::Presence(const Store& store, int64_t rank, std::vector<Member> members, double grace_s)
    : store_(std::make_shared<Store>(store.clone())),
      rank_(rank),
      members_(std::move(members)),
      beat_(std::make_shared<Beat>(store.clone(), rank, members_, grace_s)),
      thread_([beat = beat_] { beat->run(); }),
      grace_thread_([beat = beat_] { beat->watch_grace(); }) {}

Presence::~Presence() {
  if (beat_->end())
    thread_.join();
  else
    thread_.detach();
  grace_thread_.join();
}

void Presence::note_step(int64_t step) noexcept { beat_->step = step; }

void Presence::note_ending() noexcept { beat_->is_ending = true; }

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
    ask([rank = rank_](Store& store) {
      return store.set_once(kFirstToLeave, fmt::to_string(rank));
    });
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
  const std::string text = to_json({.code = code, .why = std::string(why)});
  ask([text, rank = rank_](Store& store) {
    store.set(left_key(rank), text);
    return true;
  });
}

void Presence::wait_for_others() noexcept {
  try {
    const Stopwatch watch;
    for (int64_t rank = 0; rank < std::ssize(members_); ++rank) {
      const auto has_left = [&] {
        return ask([rank](Store& store) { return store.find(left_key(rank)).has_value(); });
      };
      while (watch.elapsed_s() < kLingerS && !has_left()) beat_->pause(0.05);
    }
  } catch (const std::exception&) {
    return;
  }
}

std::optional<Presence::First> Presence::first_to_leave() {
  const auto first = ask([](Store& store) { return store.find(kFirstToLeave); });
  if (!first || *first == fmt::to_string(rank_)) return std::nullopt;
  const auto text = ask([&](Store& store) { return store.find("left/" + *first); });
  return First{.rank = std::stoll(*first), .left = left_in(text.value_or("{}"))};
}

std::vector<std::string> Presence::beats() {
  return ask([ranks = std::ssize(members_)](Store& store) {
    std::vector<std::string> beats;
    for (int64_t rank = 0; rank < ranks; ++rank)
      beats.push_back(store.find(beat_key(rank)).value_or(""));
    return beats;
  });
}

PeerFailed Presence::quote(const First& first) const {
  const std::string& why = first.left.why;
  return {first.left.code, fmt::format("{} ended: {}", name_of(first.rank, members_),
                                       why.empty() ? "it left no reason" : why)};
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
      if (const auto first = first_to_leave()) return quote(*first);
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
