#include "stoker/sweep/config_check.h"

#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/lines.h"
#include "stoker/launch/process.h"

namespace stoker::sweep {

using nlohmann::json;

namespace {

// Null where there is none.
json value_at(const std::string& text, std::string_view path) {
  json value = try_parse_json(text);
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    const std::string key(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
    if (!value.is_object() || !value.contains(key)) return nullptr;
    json child = value[key];
    value = std::move(child);
  }
  return value;
}

[[noreturn]] void fail(const launch::Answer& answer) {
  std::string_view text = answer.errors;
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view prefix : {"stoker: configuration: ", "stoker: "}) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    break;
  }
  const auto code = answer.ending.exit_code == 0 ? ExitCode::kInternal
                                                 : static_cast<ExitCode>(answer.ending.exit_code);
  throw Error(code, text.empty() ? "the configurations could not be checked" : std::string(text));
}

}  // namespace

std::optional<std::string> CheckedConfig::text(std::string_view path) const {
  const json value = value_at(resolved, path);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

std::optional<double> CheckedConfig::number(std::string_view path) const {
  const auto value = value_at(resolved, path);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::vector<CheckedConfig> check_configs(const std::vector<std::string>& program,
                                         const std::filesystem::path& config,
                                         std::span<const std::vector<std::string>> overrides) {
  std::string lines;
  for (const auto& words : overrides) lines += json_text(json(words)) + "\n";
  std::vector<std::string> command = program;
  for (const char* word : {"config", "check"}) command.emplace_back(word);
  command.push_back(config.string());
  command.emplace_back("--each");
  command.emplace_back("-");
  const launch::Answer answer = launch::ask(command, lines);
  if (answer.ending.exit_code != 0) fail(answer);
  std::vector<CheckedConfig> checked;
  for (const std::string_view line : text_lines(answer.output, "the check of configurations")) {
    const json value = try_parse_json(line);
    if (!value.is_object()) fail(answer);
    CheckedConfig one;
    if (value.contains("problems") && value["problems"].is_string())
      one.problems = value["problems"];
    if (value.contains("config")) one.resolved = json_text(value["config"]);
    checked.push_back(std::move(one));
  }
  if (checked.size() != overrides.size()) fail(answer);
  return checked;
}

}  // namespace stoker::sweep
