#include "stoker/sweep/train_command.h"

#include "stoker/config/node.h"
#include "stoker/config/print.h"
#include "stoker/config/values.h"
#include "stoker/sweep/trial_folder.h"

namespace stoker::sweep {

namespace {

std::string text_override(std::string_view key, const std::string& text) {
  return fmt::format("{}={}", key, config::print_flow(config::make_scalar(text, true, {})));
}

}  // namespace

std::vector<std::string> train_command(const std::vector<std::string>& program,
                                       const std::filesystem::path& sweep, const Trial& trial,
                                       double share, bool has_rungs) {
  std::vector<std::string> words = program;
  words.emplace_back("train");
  if (const auto run = TrialFolder(sweep, trial).run()) {
    words.emplace_back("--resume");
    words.push_back(run->string());
  } else {
    words.push_back((sweep / kBaseFile).string());
    words.insert(words.end(), trial.overrides.begin(), trial.overrides.end());
    words.push_back(text_override("run.dir", sweep.string()));
    words.push_back(text_override("name", trial.id()));
  }
  if (has_rungs) {
    words.push_back("train.stop_after_epochs=" +
                    (share < 1 ? config::number_text(trial.epochs * share) : "none"));
  }
  return words;
}

std::string shell_line(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace stoker::sweep
