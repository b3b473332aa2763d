// A run's events.jsonl, which several callbacks write to (run_events.h says what stands there).
//
//   EventsFile file(files, folder);
//   file.write("evaluation", state, {{"seconds", 1.7}});
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "stoker/callbacks/record_file.h"
#include "stoker/train/state.h"

namespace stoker::callbacks {

class EventsFile {
 public:
  // Appends to what is there. Throws FileError, as write() does.
  EventsFile(FileSystem& files, const std::filesystem::path& folder);
  bool is_new() const { return is_new_; }
  void write(const char* event, const train::State& state,
             const nlohmann::ordered_json& more = nlohmann::ordered_json::object());

 private:
  bool is_new_;
  RecordFile file_;
};

}  // namespace stoker::callbacks
