// `stoker completion bash | zsh | fish`
#pragma once

#include <string>

#include "command_line/body.h"

namespace stoker::app {

struct CompletionArguments {
  std::string shell;
  const CLI::App* app = nullptr;  // the whole command line, which outlives the body's call
};
void add_completion(CLI::App& app, Action& action, const Body<CompletionArguments>& body);

}  // namespace stoker::app
