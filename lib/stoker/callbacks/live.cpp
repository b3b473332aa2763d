#include "stoker/callbacks/live.h"

#include <spdlog/spdlog.h>

#include "stoker/callbacks/metrics_log.h"
#include "stoker/core/log.h"
#include "stoker/report/live_server.h"

namespace stoker::callbacks {

namespace {

class Live : public train::Callback {
 public:
  Live(const http::ServerOptions& options, const std::filesystem::path& run)
      : server_(run, options) {
    log().info("live at http://{}:{}/ and /metrics", options.address, server_.port());
  }

  void observe(train::Event event, const train::View& view) override {
    if (const auto line = metrics_line(event, view.state)) server_.note(*line);
  }

 private:
  report::LiveServer server_;
};

}  // namespace

std::unique_ptr<train::Callback> make_live(const http::ServerOptions& options,
                                           const std::filesystem::path& run) {
  return std::make_unique<Live>(options, run);
}

}  // namespace stoker::callbacks
