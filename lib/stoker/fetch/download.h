// Files fetched over HTTPS: resumed where they broke off, from several mirrors, checked, and in
// place only when whole.
//
//   const Download file{.name = "train-labels-idx1-ubyte.gz", .urls = {…}, .size_bytes = 28'881,
//                       .sha256 = "3552534a…"};
//   const std::filesystem::path path = download(file, "data/mnist", {}, show_progress);
//
// What has arrived lies in NAME.part beside the target, so that the next call goes on from there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::fetch {

struct Download {
  std::string name;               // of the file in its folder
  std::vector<std::string> urls;  // mirrors in the order in which they are tried
  int64_t size_bytes = 0;         // 0: not known
  std::string sha256;             // lower-case hexadecimal; empty: not known
};

struct DownloadOptions {
  double connect_timeout_s = 20;
  // Silence for so long, or for so long less than stall_bytes_per_s (in whole seconds), is a stall.
  double stall_timeout_s = 30;
  int64_t stall_bytes_per_s = 1000;
  int attempts = 3;         // in a row without a new byte, for each mirror
  double retry_wait_s = 1;  // before the second attempt; doubles with each further one
};

struct DownloadProgress {
  std::string_view name;
  int64_t done_bytes = 0;   // of the whole file, what was there before included
  int64_t total_bytes = 0;  // 0: not known
  double bytes_per_s = 0;   // of this transfer
};
// Called up to ten times a second, and at the end.
using OnDownloadProgress = std::function<void(const DownloadProgress&)>;

// Fetches `file` into `folder`, which is made if it is not there; returns the file's path. A file
// that is there already and right is not fetched again. Throws DataError when no mirror has the
// file (with what each answered) or another file of that name stands in the way, FileError for the
// disk, Interrupted on a signal.
std::filesystem::path download(const Download& file, const std::filesystem::path& folder,
                               const DownloadOptions& options = {},
                               const OnDownloadProgress& on_progress = {});

}  // namespace stoker::fetch
