// Progress of a download: one line that renews itself on a terminal, a line per tenth otherwise.
#pragma once

#include <string>

#include "stoker/fetch/download.h"

namespace stoker::app {

class TransferLine {
 public:
  TransferLine();
  void show(const fetch::DownloadProgress& progress);
  // Leaves the cursor on a fresh line.
  void finish();

 private:
  bool is_terminal_;
  bool is_open_ = false;
  std::string name_;
  int64_t tenth_ = -1;
};

}  // namespace stoker::app
