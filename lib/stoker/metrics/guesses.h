// What a network guesses for each image of an evaluation, so that the images it is most wrong or
// most unsure about can be shown.
//
//   Guesses guesses;
//   guesses.add(samples, logits, labels, losses);   // a batch: nothing waits for the device
//   for (const Guess& guess : guesses.list()) …
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

namespace stoker::metrics {

inline constexpr size_t kGuessesKept = 3;
// Images whose guesses are kept; the rest of a larger set is passed over.
inline constexpr int64_t kMostGuesses = int64_t{1} << 18;

// Plain bytes, so that ranks exchange them as they are.
struct Guess {
  int64_t sample = 0;
  int64_t label = 0;
  double loss = 0;
  // The likeliest classes, the first the likeliest, and their probabilities; -1 and 0 behind the
  // last where there are fewer classes.
  std::array<int64_t, kGuessesKept> classes{};
  std::array<double, kGuessesKept> probabilities{};

  bool is_right() const { return classes[0] == label; }
  // Of the likeliest over the next: 0 where the network cannot decide.
  double margin() const { return probabilities[0] - probabilities[1]; }
};

class Guesses {
 public:
  // samples: [n], of the data set; logits: [n, classes]; labels: [n]; losses: [n]; probabilities:
  // [n, classes] (losses::Loss::probabilities); undefined: by softmax.
  void add(const std::vector<int64_t>& samples, const at::Tensor& logits, const at::Tensor& labels,
           const at::Tensor& losses, const at::Tensor& probabilities = {});
  // In the order in which they were added. Waits for the device.
  std::vector<Guess> list() const;

 private:
  std::vector<int64_t> samples_;
  std::vector<at::Tensor> batches_;  // float64 [n, 2 + 2 * kept]: label, loss, classes, shares
};

// Indices into `guesses` of what is worth showing.
struct NotableGuesses {
  std::vector<size_t> wrong;      // wrong ones, those with the highest loss first
  std::vector<size_t> uncertain;  // the smallest margins first
  std::vector<size_t> pairs;      // up to three of each of the pairs that are confused most
};
NotableGuesses notable(const std::vector<Guess>& guesses, size_t most);

}  // namespace stoker::metrics
