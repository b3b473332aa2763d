// Scripts with which a shell completes a program's verbs, options and key=value words.
//
//   completion_script("zsh", {.verbs = …, .keys = config::keys(fields)});
//
// A script holds all words, so that completing starts no program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stoker/config/keys.h"

namespace stoker::app {

struct DescribedWord {
  std::string word, description;
};
struct CompletedOption {
  DescribedWord name;  // "--split"
  bool takes_value = false;
  std::vector<std::string> values;  // the words that it takes; empty: others, or files
};
struct CompletedVerb {
  std::string path;  // "data pack"; "" is the program
  std::vector<DescribedWord> verbs;
  std::vector<CompletedOption> options;
  std::vector<std::string> values;  // the words that stand behind it; empty: files
  bool takes_keys = false;
};
struct CompletedWords {
  std::vector<CompletedVerb> verbs;
  std::vector<config::Key> keys;
};

// For `bash` (4.4 or later), `zsh` or `fish`.
std::string completion_script(std::string_view shell, const CompletedWords& words);

}  // namespace stoker::app
