#include "command_line/completion.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_completion(CLI::App& app, Action& action, const Body<CompletionArguments>& body) {
  CLI::App* verb =
      app.add_subcommand("completion", "Print a script that completes stoker's words in a shell");
  auto arguments = std::make_shared<CompletionArguments>();
  arguments->app = &app;
  verb->add_option("shell", arguments->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->footer(
      "It completes verbs, options, the keys of a config and the words that they may be. Make it\n"
      "again after an update.\n"
      "Examples:\n"
      "  stoker completion bash > ~/.local/share/bash-completion/completions/stoker\n"
      "  stoker completion zsh > ~/.zsh/completions/_stoker   # a folder of $fpath\n"
      "  stoker completion fish > ~/.config/fish/completions/stoker.fish");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
