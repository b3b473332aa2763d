// One HTTP or HTTPS transfer into a part file, from where the part file ends. The only user of
// libcurl.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "stoker/fetch/download.h"
#include "stoker/fetch/part_file.h"

namespace stoker::fetch {

enum class FetchOutcome {
  kComplete,  // the server has sent all that it announced
  kTryAgain,  // broken off, stalled, busy: the same address may do better
  kHopeless,  // not there, forbidden, another size: only another address helps
};

struct FetchResult {
  FetchOutcome outcome = FetchOutcome::kComplete;
  std::string problem;  // for a reader, unless complete
};

// Asks for the bytes that `part` lacks. A server that sends the whole file all the same is taken
// from the start. Throws FileError for the disk and Interrupted on a signal; both keep the part.
FetchResult fetch(const std::string& url, int64_t size_bytes, const DownloadOptions& options,
                  PartFile& part, const std::function<void(double bytes_per_s)>& on_progress);

}  // namespace stoker::fetch
