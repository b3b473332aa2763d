// A file of TensorBoard events: TFRecords that hold tensorflow's Event messages.
//
//   EventFile file(files, folder);
//   file.start_at(step);                       // TensorBoard drops what older files hold beyond
//   file.write_scalars(step, {{"train/loss", 1.7}});
//   file.write_image(step, "train/images", png, width, height);
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/callbacks/record_file.h"

namespace stoker::callbacks {

// Counts of values between limits, as TensorBoard draws them.
struct Histogram {
  double min = 0, max = 0, sum = 0, sum_of_squares = 0;
  int64_t count = 0;
  std::vector<double> upper_limits;  // of each bucket, growing
  std::vector<double> counts;
};

class EventFile {
 public:
  using Scalars = std::vector<std::pair<std::string_view, double>>;

  // Makes events.out.tfevents.<time>.<host>.<process> in `folder`. All throw FileError.
  EventFile(FileSystem& files, const std::filesystem::path& folder);

  void start_at(int64_t step);
  void write_scalars(int64_t step, const Scalars& scalars);
  void write_image(int64_t step, std::string_view tag, std::span<const std::byte> png,
                   int32_t width, int32_t height);
  void write_histogram(int64_t step, std::string_view tag, const Histogram& histogram);
  // For the hparams plugin: what the run was given, and how it ended.
  using HyperParameters = std::vector<std::pair<std::string, std::string>>;
  void write_hyper_parameters(const HyperParameters& parameters);
  void write_session_end(bool is_success);

 private:
  void write_record(const std::string& data);

  RecordFile file_;
};

}  // namespace stoker::callbacks
