#include "stoker/callbacks/events_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "stoker/core/json_text.h"
#include "stoker/runs/layout.h"

namespace stoker::callbacks {

namespace {

std::string now_utc() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

}  // namespace

EventsFile::EventsFile(FileSystem& files, const std::filesystem::path& folder)
    : is_new_(!std::filesystem::exists(folder / runs::kEventsFile)),
      file_(files, folder / runs::kEventsFile) {}

void EventsFile::write(const char* event, const train::State& state,
                       const nlohmann::ordered_json& more) {
  nlohmann::ordered_json line{{"time_utc", now_utc()},
                              {"event", event},
                              {"step", state.position.step},
                              {"epoch", state.epoch()},
                              {"time_s", state.position.train_time_s}};
  line.update(more);
  file_.append(json_text(line) + "\n");
}

}  // namespace stoker::callbacks
