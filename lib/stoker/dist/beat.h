// What a rank tells and hears by the store each second, on a thread of its own, whatever the others
// of its threads wait for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "stoker/dist/store.h"

namespace stoker::dist {

// Keys of the store, of a rank each.
std::string beat_key(int64_t rank);
std::string left_key(int64_t rank);
inline constexpr const char* kFirstToLeave = "first-to-leave";
// Why a rank ended, as the others read it.
struct Left {
  ExitCode code = ExitCode::kDevice;
  std::string why;
};
std::string to_json(const Left& left);
Left left_in(const std::string& json);

class Beat {
 public:
  // grace_s: as dist.grace_s.
  Beat(Store store, int64_t rank, std::vector<Member> members, double grace_s)
      : store_(std::move(store)), rank_(rank), members_(std::move(members)), grace_s_(grace_s) {}

  std::atomic<int64_t> step{0};
  std::atomic<bool> is_leaving{false};
  std::atomic<bool> is_ending{false};  // what is left is to save

  // Until end(): a beat a second. Ends the process where another rank has ended by an error some
  // seconds ago.
  void run();
  // Until end(), on another thread, since the store may not answer: ends the process where a
  // request to stop has waited for longer than the grace.
  void watch_grace();
  // Whether it ended in time.
  bool end();
  // False once it is to end.
  bool pause(double length_s);

 private:
  void share_request();
  void leave_if_overdue();
  [[noreturn]] void leave_out_of_grace();
  std::string request();

  Store store_;
  int64_t rank_;
  std::vector<Member> members_;
  double grace_s_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false, has_ended_ = false;
  double overdue_s_ = 0;  // since another rank's error was seen
  std::string request_;   // who was asked to stop, and by what; by mutex_
};

}  // namespace stoker::dist
