// How fast work has gone of late, and how long the rest of it takes.
//
//   Pace pace;
//   pace.note(watch.elapsed_s(), images);  // again and again
//   pace.per_s(), pace.left_s(of - images)
#pragma once

#include <deque>

namespace stoker {

class Pace {
 public:
  void note(double time_s, double done) {
    // What is noted in quick succession replaces the newest mark, but for the very first.
    if (marks_.size() > 1 && time_s - marks_[marks_.size() - 2].time_s < kSpacing_s) {
      marks_.back() = {time_s, done};
    } else {
      marks_.push_back({time_s, done});
    }
    while (marks_.size() > 2 && time_s - marks_[1].time_s > kMemory_s) marks_.pop_front();
  }
  // 0 while it is not known.
  double per_s() const {
    if (marks_.size() < 2) return 0;
    const double time_s = marks_.back().time_s - marks_.front().time_s;
    return time_s > 0 ? (marks_.back().done - marks_.front().done) / time_s : 0;
  }
  // Infinite while it is not known.
  double left_s(double left) const { return left / per_s(); }

 private:
  static constexpr double kSpacing_s = 0.25, kMemory_s = 15;
  struct Mark {
    double time_s = 0, done = 0;
  };
  std::deque<Mark> marks_;
};

}  // namespace stoker
