// A sweep's register: its identity, and each trial with its state and results, in one SQLite file
// that the coordinator alone writes, one transaction a change.
//
//   Register book = Register::create(folder / Register::kFile, identity, trials);
//   trial.state = TrialState::kRunning;
//   book.update(trial);
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "stoker/sweep/database.h"
#include "stoker/sweep/trial.h"

namespace stoker::sweep {

class Register {
 public:
  static constexpr const char* kFile = "register.sqlite";

  // All at once: a register that is there has its identity and every trial. Throws FileError.
  static Register create(const std::filesystem::path& path, std::string_view identity,
                         std::span<const Trial> trials);
  static Register open(const std::filesystem::path& path);
  // For whoever only looks while the coordinator writes.
  static Register open_to_read(const std::filesystem::path& path);
  // Whether a register was made here in whole.
  static bool exists(const std::filesystem::path& path);

  std::string identity() const;
  std::vector<Trial> trials() const;  // by their number
  void update(const Trial& trial);
  void update(std::span<const Trial> trials);

 private:
  explicit Register(Database database) : database_(std::move(database)) {}

  Database database_;
};

}  // namespace stoker::sweep
