#include "transfer_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "stoker/core/text.h"

namespace stoker::app {

TransferLine::TransferLine() : is_terminal_(isatty(STDERR_FILENO) != 0) {}

void TransferLine::show(const fetch::DownloadProgress& progress) {
  if (name_ != progress.name) {
    finish();
    name_ = progress.name;
    tenth_ = -1;
  }
  const std::string done = human_bytes(static_cast<uint64_t>(progress.done_bytes));
  std::string line = fmt::format("{}  {}", progress.name, done);
  int64_t tenth = 0;
  if (progress.total_bytes > 0) {
    tenth = 10 * progress.done_bytes / progress.total_bytes;
    line += fmt::format(" of {} ({}%)", human_bytes(static_cast<uint64_t>(progress.total_bytes)),
                        100 * progress.done_bytes / progress.total_bytes);
  }
  line += fmt::format("  {}/s", human_bytes(static_cast<uint64_t>(progress.bytes_per_s)));
  if (is_terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    is_open_ = true;
  } else if (tenth != tenth_) {
    fmt::print(stderr, "{}\n", line);
  }
  tenth_ = tenth;
  std::fflush(stderr);
}

void TransferLine::finish() {
  if (is_open_) fmt::print(stderr, "\n");
  is_open_ = false;
}

}  // namespace stoker::app
