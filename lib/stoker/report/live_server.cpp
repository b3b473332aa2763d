#include "stoker/report/live_server.h"

#include <utility>

#include "stoker/core/version.h"
#include "stoker/report/page.h"
#include "stoker/report/run_record.h"

namespace stoker::report {

LiveServer::LiveServer(std::filesystem::path run, const http::ServerOptions& options)
    : run_(std::move(run)),
      newest_{.run = run_.string(), .version = std::string(build_info().version)},
      server_(options, [this](const http::Request& request) { return respond(request); }) {}

void LiveServer::note(const std::string& line) {
  if (auto record = runs::parse_metrics_line(line)) {
    const std::lock_guard lock(mutex_);
    if (record->split == "train")
      newest_.train = *std::move(record);
    else if (record->split == "val")
      newest_.eval = *std::move(record);
  }
  server_.publish(line);
}

// Reading a long run again takes a part of a second of a processor that trains.
const std::string& LiveServer::page() {
  constexpr auto kAge = std::chrono::seconds(3);
  const auto now = std::chrono::steady_clock::now();
  if (page_.empty() || now - page_made_ > kAge) {
    page_ = live_page(read_run(run_));
    page_made_ = std::chrono::steady_clock::now();
  }
  return page_;
}

http::Response LiveServer::respond(const http::Request& request) {
  if (request.path == "/metrics") {
    const std::lock_guard lock(mutex_);
    return {.content_type = std::string(kPrometheusType), .body = prometheus_text(newest_)};
  }
  if (request.path == "/") return {.content_type = "text/html; charset=utf-8", .body = page()};
  return {.status = 404, .body = "there are / and /metrics here\n"};
}

}  // namespace stoker::report
