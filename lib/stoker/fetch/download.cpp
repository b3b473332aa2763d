#include "stoker/fetch/download.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>
#include <thread>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/text.h"
#include "stoker/fetch/http_fetch.h"
#include "stoker/fetch/part_file.h"

namespace stoker::fetch {
namespace {

namespace fs = std::filesystem;

constexpr int kMostAttempts = 20;  // for each mirror, whatever arrived in between

// What is wrong with the content; empty when nothing is.
std::string mismatch(const Download& file, int64_t size_bytes, const fs::path& path) {
  if (file.size_bytes > 0 && size_bytes != file.size_bytes)
    return fmt::format("it has {} bytes, not {}", size_bytes, file.size_bytes);
  if (file.sha256.empty()) return {};
  const std::string sum = file_sha256(path);
  return sum == file.sha256 ? "" : fmt::format("its SHA-256 is {}, not {}", sum, file.sha256);
}

void check_free_space(const Download& file, const PartFile& part) {
  std::error_code error;
  const auto space = fs::space(part.path().parent_path(), error);
  const int64_t missing = file.size_bytes - part.size_bytes();
  if (error || missing <= 0 || space.available >= uint64_t(missing)) return;
  throw FileError(
      fmt::format("{}: {} more are needed and {} are free on that disk. Make room or "
                  "choose another folder.",
                  part.path().parent_path().string(), human_bytes(uint64_t(missing)),
                  human_bytes(space.available)));
}

// Waits in small steps, so that a signal ends it.
void wait_s(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until && interrupt_signal() == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// Fetches from one mirror until the part is whole and right; says what is wrong otherwise.
std::string fetch_from(const std::string& url, const Download& file, const DownloadOptions& options,
                       PartFile& part, const OnDownloadProgress& on_progress) {
  const auto report = [&](double bytes_per_s) {
    if (on_progress) on_progress({file.name, part.size_bytes(), file.size_bytes, bytes_per_s});
  };
  std::string problem;
  int in_vain = 0;
  for (int attempt = 0; attempt < kMostAttempts && in_vain < options.attempts; ++attempt) {
    if (in_vain > 0) wait_s(options.retry_wait_s * std::exp2(in_vain - 1));
    const int64_t before = part.size_bytes();
    const bool whole = file.size_bytes > 0 && before == file.size_bytes;
    const FetchResult result =
        whole ? FetchResult{} : fetch(url, file.size_bytes, options, part, report);
    if (result.outcome == FetchOutcome::kHopeless) return result.problem;
    if (result.outcome == FetchOutcome::kComplete) {
      problem = mismatch(file, part.size_bytes(), part.path());
      if (problem.empty()) return {};
      // Bytes of an earlier call may be at fault; a file fetched whole is simply another file.
      part.clear();
      if (before == 0) return problem;
    } else {
      problem = result.problem;
    }
    in_vain = part.size_bytes() > before ? 0 : in_vain + 1;
  }
  return problem;
}

bool in_place(const Download& file, const fs::path& target) {
  if (!fs::exists(target)) return false;
  const std::string problem = mismatch(file, int64_t(fs::file_size(target)), target);
  if (problem.empty()) return true;
  throw DataError(
      fmt::format("{} is there already and is not the file that was asked for: {}. "
                  "Remove it and run the command again.",
                  target.string(), problem));
}

}  // namespace

fs::path download(const Download& file, const fs::path& to, const DownloadOptions& options,
                  const OnDownloadProgress& on_progress) {
  STOKER_CHECK(!file.urls.empty(), "name={}", file.name);
  const fs::path folder = to.empty() ? fs::path(".") : to;
  FileSystem& files = real_file_system();
  files.make_directories(folder);
  fs::path target = folder / file.name;
  if (in_place(file, target)) return target;

  PartFile part(folder / (file.name + ".part"));
  if (file.size_bytes > 0 && part.size_bytes() > file.size_bytes) part.clear();
  check_free_space(file, part);
  std::string problems;
  for (const std::string& url : file.urls) {
    if (file.sha256.empty()) part.clear();  // nothing would tell a file made of two different ones
    const std::string problem = fetch_from(url, file, options, part, on_progress);
    if (problem.empty()) {
      part.sync();
      files.rename(part.path(), target);
      files.sync_directory(folder);
      if (on_progress) on_progress({file.name, part.size_bytes(), part.size_bytes(), 0});
      return target;
    }
    problems += fmt::format("\n  {}: {}", url, problem);
  }
  if (part.size_bytes() == 0) files.remove_all(part.path());
  throw DataError(
      fmt::format("{} could not be downloaded:{}\nRun the command again to go on, or put "
                  "the file at {} yourself.",
                  file.name, problems, target.string()));
}

}  // namespace stoker::fetch
