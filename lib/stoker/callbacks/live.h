// A run that is training, for browsers and Prometheus (report/live_server.h).
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/http/server.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// Listens from now on until the run ends. Throws ConfigError where that cannot be.
std::unique_ptr<train::Callback> make_live(const http::ServerOptions& options,
                                           const std::filesystem::path& run);

}  // namespace stoker::callbacks
