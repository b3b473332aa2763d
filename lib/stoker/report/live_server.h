// A run that is training, for browsers and for Prometheus: / is its page, which follows it, and
// /metrics what it logged last.
//
//   LiveServer server("runs/a/1", {.port = 9400});
//   server.note(line);   // as it is written to metrics.jsonl
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>

#include "stoker/http/server.h"
#include "stoker/report/prometheus.h"

namespace stoker::report {

class LiveServer {
 public:
  // Throws ConfigError where the address cannot be listened on.
  LiveServer(std::filesystem::path run, const http::ServerOptions& options);

  // Takes a line of metrics.jsonl, without its end. Waits for nobody.
  void note(const std::string& line);

  uint16_t port() const { return server_.port(); }

 private:
  http::Response respond(const http::Request& request);
  const std::string& page();  // of the server's thread alone

  const std::filesystem::path run_;
  std::mutex mutex_;  // of newest_
  Exposition newest_;
  std::string page_;
  std::chrono::steady_clock::time_point page_made_;
  http::Server server_;  // last: its thread uses the others
};

}  // namespace stoker::report
