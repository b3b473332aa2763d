#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "command_line/usage.h"
#include "completion_script.h"
#include "stoker/config/config.h"
#include "stoker/run/run_config.h"
#include "torch_bodies.h"

namespace stoker::app {
namespace {

// The words of CLI::IsMember, which it only tells as a type: `TEXT:{text,csv,json}`.
std::vector<std::string> members_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  if (open == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, type.find('}') - open - 1), ',');
}

// Up to the first colon or semicolon: what follows explains.
std::string first_clause(const std::string& description) {
  return description.substr(0, description.find_first_of(";:"));
}

CompletedVerb completed(const CLI::App& app, const std::string& path) {
  CompletedVerb verb{.path = path, .takes_keys = takes_overrides(app)};
  for (const CLI::App* child : app.get_subcommands({}))
    verb.verbs.push_back({child->get_name(), first_clause(child->get_description())});
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      const std::vector<std::string> words = members_of(*option);
      verb.values.insert(verb.values.end(), words.begin(), words.end());
    }
    for (const std::string& name : option->get_lnames())
      verb.options.push_back({.name = {"--" + name, first_clause(option->get_description())},
                              .takes_value = option->get_items_expected_max() > 0,
                              .values = members_of(*option)});
  }
  return verb;
}

void collect(const CLI::App& app, const std::string& path, std::vector<CompletedVerb>& verbs) {
  verbs.push_back(completed(app, path));
  for (const CLI::App* child : app.get_subcommands({}))
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), verbs);
}

}  // namespace

ExitCode completion(const CompletionArguments& arguments) {
  CompletedWords words;
  collect(*arguments.app, "", words.verbs);
  run::RunConfig config;
  words.keys = config::keys(config::fields_of(config));
  fmt::print("{}", completion_script(arguments.shell, words));
  return ExitCode::kDone;
}

}  // namespace stoker::app
