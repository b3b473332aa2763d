// Tells the other ranks that this one is alive, at which step, that it was asked to stop, and why
// it ends; and finds out what became of them when an exchange fails.
//
// A thread of its own writes a beat into the store each second. When another rank has left by an
// error it gives this process some seconds to notice by itself, and ends it then with that rank's
// exit code: an exchange over NCCL would wait for ever. A signal that asks any rank to stop counts
// on all of them some two seconds later, whatever they are at; where that does not end within
// dist.grace_s, each ends with exit code 75 and what was saved last. The store's calls have no
// time-out where the network is cut, so that none of them is waited for longer than some seconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "stoker/dist/beat.h"
#include "stoker/dist/group.h"
#include "stoker/dist/store.h"

namespace stoker::dist {

class Presence {
 public:
  Presence(const Store& store, int64_t rank, std::vector<Member> members, double grace_s);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  void note_step(int64_t step) noexcept;
  void note_ending() noexcept;  // as Group has it
  // Why this rank ends; of several ranks the first is what the others quote.
  void leave(ExitCode code, std::string_view why) noexcept;
  // The training is over for all ranks alike.
  void leave_in_peace() noexcept;
  // Returns when all others have left too, or some seconds have passed.
  void wait_for_others() noexcept;

  // Why an exchange with the others failed, of which the library says `what`. Takes some seconds
  // where nobody has said why.
  PeerFailed explain(const std::string& what);

  const std::vector<Member>& members() const { return members_; }

 private:
  struct First {
    int64_t rank = 0;
    Left left;
  };
  std::optional<First> first_to_leave();
  std::vector<std::string> beats();
  PeerFailed quote(const First& first) const;
  PeerFailed silent(const std::vector<std::string>& before, const std::vector<std::string>& after,
                    const std::string& what) const;
  void tell(ExitCode code, std::string_view why);
  // Asks the store, and throws where it does not answer; once it has not, at once.
  template <class Question>
  auto ask(Question question);

  std::shared_ptr<Store> store_;
  int64_t rank_;
  std::vector<Member> members_;
  std::atomic<bool> is_leaving_{false}, is_lost_{false};
  std::shared_ptr<Beat> beat_;
  std::thread thread_, grace_thread_;
};

}  // namespace stoker::dist
