#include "command_line/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/core/shown.h"
#include "stoker/core/text.h"

namespace stoker::app {
namespace {

[[noreturn]] void refuse_verb(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  const std::vector<std::string_view> words(names.begin(), names.end());
  const std::string_view near = nearest(word, words);
  throw ConfigError(fmt::format("unknown verb `{}`{}; expected one of {}.", word,
                                near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near),
                                join(words, ", ")));
}

// The verb that was parsed last: `loader` of `stoker bench loader`.
const CLI::App& deepest(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest(*parsed.front());
}

// `--epochs` of `--epochs=3`.
std::string_view name_of(std::string_view word) { return word.substr(0, word.find('=')); }

// 3 of `--epochs=3`, or the word behind it; `…` if there is none.
std::string value_of(const std::string& option, int argc, char** argv) {
  if (const size_t equals = option.find('='); equals != std::string::npos)
    return option.substr(equals + 1);
  const auto found = std::find(argv, argv + argc, std::string_view(option));
  if (argv + argc - found < 2 || found[1][0] == '-' ||
      std::string_view(found[1]).find('=') != std::string_view::npos)
    return "…";
  return found[1];
}

std::string key_hint(const std::string& option, const KeysNamed& keys_named, int argc,
                     char** argv) {
  constexpr size_t kMost = 3;
  const std::string_view name = name_of(option).substr(option.find_first_not_of('-'));
  std::vector<std::string> keys = keys_named(name);
  keys.resize(std::min(keys.size(), kMost));
  std::string hint;
  for (const std::string& key : keys)
    hint += fmt::format("{}`{}={}`", hint.empty() ? "" : " or ", key, value_of(option, argc, argv));
  return hint.empty() ? ""
                      : fmt::format("; values of the config are set by {}, without dashes", hint);
}

[[noreturn]] void refuse_option(const CLI::App& verb, const std::string& option,
                                const KeysNamed& keys_named, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::Option* known : verb.get_options())
    for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  const std::vector<std::string_view> words(names.begin(), names.end());
  const std::string_view near = nearest(name_of(option), words);
  std::string hint = near.empty() ? "" : fmt::format("; did you mean `{}`?", near);
  if (hint.empty() && takes_overrides(verb) && option.find_first_not_of('-') != std::string::npos)
    hint = key_hint(option, keys_named, argc, argv);
  if (hint.empty()) hint = fmt::format("; the options are {}", join(words, ", "));
  throw ConfigError(fmt::format("unknown option `{}`{}", name_of(option), hint));
}

}  // namespace

bool takes_overrides(const CLI::App& verb) {
  const std::vector<const CLI::Option*> options = verb.get_options();
  return std::ranges::any_of(options, [](const CLI::Option* option) {
    const std::string name = option->get_name();
    return name == "overrides" || name == "images" || name == "config" || name == "configs";
  });
}

std::optional<ExitCode> check_verbs(const CLI::App& app, int argc, char** argv) {
  const CLI::App* verb = &app;
  for (int i = 1; !verb->get_subcommands({}).empty(); ++i) {
    if (i == argc) {
      fmt::print(stderr, "{}", verb->help());
      return ExitCode::kUsage;
    }
    const std::string word = argv[i];
    if (word.starts_with('-')) return std::nullopt;
    const std::vector<const CLI::App*> named = verb->get_subcommands(
        [&](const CLI::App* candidate) { return candidate->get_name() == word; });
    if (named.empty()) refuse_verb(*verb, word);
    verb = named.front();
  }
  return std::nullopt;
}

ExitCode explain(const CLI::App& app, const CLI::ParseError& error, const KeysNamed& keys_named,
                 int argc, char** argv) {
  const CLI::App& verb = deepest(app);
  const bool is_help = error.get_exit_code() == 0;
  if (!is_help) {
    for (const std::string& word : app.remaining(/*recurse=*/true))
      if (word.starts_with('-') && word != "-") refuse_option(verb, word, keys_named, argc, argv);
  }
  std::ostringstream out, err;
  app.exit(error, out, err);
  fmt::print("{}", out.str());
  fmt::print(stderr, "{}", shown_message(err.str()));
  return is_help ? ExitCode::kDone : ExitCode::kUsage;
}

}  // namespace stoker::app
