#include "stoker/sweep/register.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/json_text.h"

namespace stoker::sweep {

namespace {

constexpr int64_t kFormat = 1;
constexpr const char* kSchema = R"(
CREATE TABLE sweep(format INTEGER NOT NULL, identity TEXT NOT NULL);
CREATE TABLE trials(
  number INTEGER PRIMARY KEY, setting INTEGER NOT NULL, overrides TEXT NOT NULL,
  epochs REAL NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, exit_code INTEGER,
  reason TEXT NOT NULL, run TEXT NOT NULL, process INTEGER NOT NULL,
  process_start INTEGER NOT NULL, rung INTEGER NOT NULL, rung_values TEXT NOT NULL,
  metrics TEXT NOT NULL, steps INTEGER NOT NULL, train_time_s REAL, peak_bytes INTEGER);
)";
constexpr std::string_view kColumns =
    "number, setting, overrides, epochs, state, attempts, exit_code, reason, run, process, "
    "process_start, rung, rung_values, metrics, steps, train_time_s, peak_bytes";

void bind(Statement& statement, const Trial& trial) {
  statement.bind(1, trial.number)
      .bind(2, trial.setting)
      .bind(3, json_text(nlohmann::json(trial.overrides)))
      .bind(4, trial.epochs)
      .bind(5, state_name(trial.state))
      .bind(6, trial.attempts)
      .bind(7, trial.exit_code)
      .bind(8, std::string_view(trial.reason))
      .bind(9, std::string_view(trial.run))
      .bind(10, trial.process)
      .bind(11, trial.process_start)
      .bind(12, trial.rung)
      .bind(13, json_text(nlohmann::json(trial.rung_values)))
      .bind(14, json_text(nlohmann::json(trial.metrics)))
      .bind(15, trial.steps)
      .bind(16, trial.train_time_s)
      .bind(17, trial.peak_bytes);
}

// JSON has null for what is not finite.
double number_of(const nlohmann::json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Trial trial_of(const Statement& row) {
  Trial trial;
  trial.number = row.integer(0);
  trial.setting = row.integer(1);
  trial.overrides = parse_json(row.text(2)).get<std::vector<std::string>>();
  trial.epochs = row.real(3);
  trial.state = state_from(row.text(4));
  trial.attempts = row.integer(5);
  if (!row.is_null(6)) trial.exit_code = row.integer(6);
  trial.reason = row.text(7);
  trial.run = row.text(8);
  trial.process = row.integer(9);
  trial.process_start = row.integer(10);
  trial.rung = row.integer(11);
  const nlohmann::json values = parse_json(row.text(12)), metrics = parse_json(row.text(13));
  for (const auto& value : values) trial.rung_values.push_back(number_of(value));
  for (const auto& [name, value] : metrics.items()) trial.metrics[name] = number_of(value);
  trial.steps = row.integer(14);
  if (!row.is_null(15)) trial.train_time_s = row.real(15);
  if (!row.is_null(16)) trial.peak_bytes = row.integer(16);
  return trial;
}

void write(Database& database, const Trial& trial) {
  Statement statement(database, fmt::format("INSERT OR REPLACE INTO trials({}) VALUES(?1, ?2, ?3, "
                                            "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                                            "?15, ?16, ?17)",
                                            kColumns));
  bind(statement, trial);
  statement.step();
}

void check_format(const Database& database) {
  Statement format(database, "SELECT format FROM sweep");
  if (!format.step() || format.integer(0) != kFormat)
    throw DataError(
        fmt::format("{}: was written by another version of stoker; go on with that "
                    "one, or start a sweep with --new.",
                    database.name()));
}

}  // namespace

std::string Trial::id() const { return fmt::format("trial-{:03}", number); }

namespace {
constexpr std::array<std::string_view, 6> kStates{"queued", "running",     "done",
                                                  "failed", "interrupted", "pruned"};
}  // namespace

std::string_view state_name(TrialState state) { return kStates[static_cast<size_t>(state)]; }

TrialState state_from(std::string_view name) {
  for (size_t i = 0; i < kStates.size(); ++i)
    if (kStates[i] == name) return static_cast<TrialState>(i);
  throw DataError(fmt::format("the register has a trial in the state \"{}\"", name));
}

Register Register::create(const std::filesystem::path& path, std::string_view identity,
                          std::span<const Trial> trials) {
  Register book(Database(path, journal_mode_for(path.parent_path())));
  Transaction all(book.database_);
  book.database_.run(kSchema);
  Statement sweep(book.database_, "INSERT INTO sweep VALUES(?, ?)");
  sweep.bind(1, kFormat).bind(2, identity).step();
  sweep.reset();
  for (const Trial& trial : trials) write(book.database_, trial);
  all.commit();
  return book;
}

Register Register::open(const std::filesystem::path& path) {
  Register book(Database(path, journal_mode_for(path.parent_path())));
  check_format(book.database_);
  return book;
}

Register Register::open_to_read(const std::filesystem::path& path) {
  Register book(Database::open_to_read(path));
  check_format(book.database_);
  return book;
}

bool Register::exists(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return false;
  const Database database(path, journal_mode_for(path.parent_path()));
  return Statement(database, "SELECT 1 FROM sqlite_master WHERE name = 'trials'").step();
}

std::string Register::identity() const {
  Statement row(database_, "SELECT identity FROM sweep");
  row.step();
  return row.text(0);
}

std::vector<Trial> Register::trials() const {
  Statement row(database_, fmt::format("SELECT {} FROM trials ORDER BY number", kColumns));
  std::vector<Trial> trials;
  while (row.step()) trials.push_back(trial_of(row));
  return trials;
}

void Register::update(const Trial& trial) { update(std::span(&trial, 1)); }

void Register::update(std::span<const Trial> trials) {
  if (trials.empty()) return;
  Transaction all(database_);
  for (const Trial& trial : trials) write(database_, trial);
  all.commit();
}

}  // namespace stoker::sweep
