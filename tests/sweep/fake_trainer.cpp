// What the coordinator sees of `stoker train`: the command line, the run's folder and the exit
// code.
//
//   fake_trainer train BASE key=value … run.dir=DIR name=NAME [train.stop_after_epochs=E]
//   fake_trainer train --resume RUN [train.stop_after_epochs=E]
//   fake_trainer config check CONFIG --each -
//
// Four epochs of five steps, each step a checkpoint. value=V is the metric at the end; step_ms,
// exit=CODE and abort=1 say how it goes.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "stoker/core/file.h"
#include "stoker/core/interrupt.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/lock.h"

namespace fs = std::filesystem;
using namespace stoker;
using Options = std::map<std::string, std::string>;

namespace {

constexpr int kEpochs = 4, kStepsAnEpoch = 5;

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

void add(Options& options, const std::string& word) {
  const size_t equals = word.find('=');
  if (equals != std::string::npos)
    options[word.substr(0, equals)] = unquoted(word.substr(equals + 1));
}

double number(const Options& options, const char* key, double otherwise) {
  const auto found = options.find(key);
  return found == options.end() || found->second == "none" ? otherwise
                                                           : std::atof(found->second.c_str());
}

void write(const fs::path& path, const std::string& text) {
  write_file_atomically(real_file_system(), path, as_bytes(text));
}

int newest_step(const runs::RunFolder& run) {
  int newest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run.checkpoints(), none)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("step-")) newest = std::max(newest, std::atoi(name.c_str() + 5));
  }
  return newest;
}

void summarize(const runs::RunFolder& run, const char* reason, int step, double value) {
  nlohmann::json summary{{"reason", reason},
                         {"steps", step},
                         {"epochs", double(step) / kStepsAnEpoch},
                         {"train_time_s", step * 0.5},
                         {"peak_bytes", 1000},
                         {"final", {{"val.top1", value * step / (kEpochs * kStepsAnEpoch)}}}};
  write(run.summary(), summary.dump());
}

// A step that was saved before leaves a mark: it was trained twice.
void save(const runs::RunFolder& run, int step) {
  const fs::path hidden = run.checkpoints() / fmt::format(".new-{}", ::getpid());
  const fs::path folder = run.checkpoints() / fmt::format("step-{:08}", step);
  fs::create_directories(hidden);
  std::ofstream(hidden / "manifest.json") << "{}";
  if (fs::exists(folder)) std::ofstream(run.path() / "trained-twice") << step << "\n";
  fs::rename(hidden, folder);
}

int train(const runs::RunFolder& run, const Options& options) {
  const runs::RunLock lock(run.path());
  const double value = number(options, "value", 0.5);
  const auto step_time = std::chrono::microseconds(int(1000 * number(options, "step_ms", 1)));
  const double last = kStepsAnEpoch * number(options, "train.stop_after_epochs", kEpochs);
  fs::create_directories(run.checkpoints());
  int step = newest_step(run);
  while (step < last) {
    if (interrupt_signal() != 0) {
      summarize(run, "interrupted", step, value);
      return 75;
    }
    std::this_thread::sleep_for(step_time);
    if (const int code = int(number(options, "exit", 0)); code != 0 && step == 2) {
      std::cerr << "something else\nstoker: data: no image here\n";
      return code;
    }
    if (number(options, "abort", 0) != 0 && step == 2) std::abort();
    save(run, ++step);
    if (step % kStepsAnEpoch == 0)
      std::ofstream(run.metrics(), std::ios::app)
          << nlohmann::json{{"split", "val"},
                            {"step", step},
                            {"epoch", step / kStepsAnEpoch},
                            {"top1", value * step / (kEpochs * kStepsAnEpoch)}}
          << "\n";
  }
  summarize(run, step < kEpochs * kStepsAnEpoch ? "stop_after_epochs" : "finished", step, value);
  return 0;
}

// Refuses bad=1.
int check() {
  for (std::string line; std::getline(std::cin, line);) {
    Options options;
    for (const auto& word : nlohmann::json::parse(line)) add(options, word);
    nlohmann::json answer{{"problems", nullptr},
                          {"config", {{"name", "fake"}, {"train", {{"epochs", kEpochs}}}}}};
    if (options.contains("bad")) answer = {{"problems", "override `bad=1`: unknown key"}};
    std::cout << answer.dump() << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  install_interrupt_handlers();
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.at(0) == "config") return check();
  Options options;
  std::ifstream base(words.at(1));  // of key=value lines
  for (std::string line; std::getline(base, line);) add(options, line);
  for (const std::string& word : words) add(options, word);
  try {
    if (words.at(1) == "--resume") {
      const auto run = runs::RunFolder::open(words.at(2));
      std::ifstream config(run.config());
      Options all;
      for (std::string line; std::getline(config, line);) add(all, line);
      for (const auto& [key, text] : options) all[key] = text;
      return train(run, all);
    }
    const auto run = runs::RunFolder::create(options.at("run.dir"), options.at("name"));
    std::string config;
    for (const auto& [key, text] : options) config += key + "=" + text + "\n";
    write(run.config(), config);
    return train(run, options);
  } catch (const std::exception& error) {
    std::cerr << "stoker: configuration: " << error.what() << "\n";
    return 2;
  }
}
