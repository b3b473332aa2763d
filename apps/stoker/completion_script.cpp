#include "completion_script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

namespace stoker::app {
namespace {

// In quotes of bash and zsh, where nothing else is special.
std::string sh_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) out += letter == '\'' ? "'\\''" : std::string(1, letter);
  return out + "'";
}

// In quotes of fish, where \ escapes itself and quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + "'";
}

std::vector<std::string> paths_of(const CompletedWords& words) {
  std::vector<std::string> paths;
  for (const CompletedVerb& verb : words.verbs)
    if (!verb.path.empty()) paths.push_back(verb.path);
  return paths;
}

std::string key_words(const CompletedWords& words) {
  std::string all;
  for (const config::Key& key : words.keys) all += (all.empty() ? "" : " ") + key.path + "=";
  return all;
}

// Keys by what they may be, so that `true false` is written once.
std::map<std::string, std::vector<std::string>> keys_by_values(const CompletedWords& words) {
  std::map<std::string, std::vector<std::string>> keys;
  for (const config::Key& key : words.keys)
    if (!key.values.empty())
      keys[fmt::format("{}", fmt::join(key.values, " "))].push_back(key.path);
  return keys;
}

// `case` statements that bash and zsh both read. They look at `verb`, `previous` and `key`.
std::string verb_cases(const CompletedWords& words) {
  std::string next;
  for (const std::string& path : paths_of(words))
    next += (next.empty() ? "" : "|") + sh_quoted(path);
  return next;
}

std::string option_value_cases(const CompletedWords& words) {
  std::string cases;
  for (const CompletedVerb& verb : words.verbs) {
    for (const CompletedOption& option : verb.options) {
      if (!option.takes_value) continue;
      cases += fmt::format("    {}) kind=value choices={} ;;\n",
                           sh_quoted(verb.path + " " + option.name.word),
                           sh_quoted(fmt::format("{}", fmt::join(option.values, " "))));
    }
  }
  return cases;
}

std::string key_value_cases(const CompletedWords& words) {
  std::string cases;
  for (const auto& [values, keys] : keys_by_values(words))
    cases += fmt::format("    {}) choices={} ;;\n", fmt::join(keys, "|"), sh_quoted(values));
  return cases;
}

constexpr const char* kBash = R"(# Completion of stoker for bash, made by `stoker completion bash`.
_stoker() {{
  # The words as they were typed: bash splits them at `=` as well.
  local line=${{COMP_LINE:0:COMP_POINT}}
  local token=${{line##*[[:space:]]}}
  local -a before
  read -ra before <<<"${{line%"$token"}}"
  local verb='' next='' previous='' word
  for word in "${{before[@]:1}}"; do
    previous=$word
    [[ $next == end ]] && continue
    next="${{verb:+$verb }}$word"
    case $next in
    {verbs}) verb=$next ;;
    *) next=end ;;
    esac
  done
  local kind='' choices='' verbs='' options='' words='' keys=''
  case $verb in
{by_verb}  esac
  case "$verb $previous" in
{option_values}  esac
  COMPREPLY=()
  if [[ $kind == value ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$token"))
    [[ -z $choices ]] && _stoker_files "$token"
  elif [[ $token == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$token"))
  elif [[ -n $verbs$words ]]; then
    COMPREPLY=($(compgen -W "$verbs $words" -- "$token"))
  elif [[ -n $keys && $token == *=* ]]; then
    case ${{token%%=*}} in
{key_values}    esac
    COMPREPLY=($(compgen -W "$choices" -- "${{token#*=}}"))
    [[ -z $choices ]] && _stoker_files "${{token#*=}}"
    # What stands before = is replaced as well where = does not split words.
    [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${{COMPREPLY[@]/#/${{token%%=*}}=}}")
  else
    _stoker_files "$token"
    if [[ -n $keys && -n $token ]]; then
      local -a matching=($(compgen -W "$_stoker_keys" -- "$token"))
      [[ ${{#matching[@]}} -gt 0 ]] && compopt -o nospace 2>/dev/null
      COMPREPLY+=("${{matching[@]}}")
    fi
  fi
}}
_stoker_files() {{
  local IFS=$'\n'
  COMPREPLY=($(compgen -f -- "$1"))
  compopt -o filenames 2>/dev/null
}}
_stoker_keys={keys}
complete -F _stoker stoker
)";

std::string bash_script(const CompletedWords& words) {
  std::string by_verb;
  for (const CompletedVerb& verb : words.verbs) {
    std::vector<std::string> verbs, options;
    for (const DescribedWord& child : verb.verbs) verbs.push_back(child.word);
    for (const CompletedOption& option : verb.options) options.push_back(option.name.word);
    by_verb += fmt::format("  {}) verbs={} options={} words={} keys={} ;;\n", sh_quoted(verb.path),
                           sh_quoted(fmt::format("{}", fmt::join(verbs, " "))),
                           sh_quoted(fmt::format("{}", fmt::join(options, " "))),
                           sh_quoted(fmt::format("{}", fmt::join(verb.values, " "))),
                           verb.takes_keys ? "1" : "''");
  }
  return fmt::format(kBash, fmt::arg("verbs", verb_cases(words)), fmt::arg("by_verb", by_verb),
                     fmt::arg("option_values", option_value_cases(words)),
                     fmt::arg("key_values", key_value_cases(words)),
                     fmt::arg("keys", sh_quoted(key_words(words))));
}

constexpr const char* kZsh = R"(#compdef stoker
# Completion of stoker for zsh, made by `stoker completion zsh`.
_stoker() {{
  local verb='' next='' previous='' word kind='' choices='' key='' takes_keys=''
  local -a verbs options names keys matching
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    previous=$word
    [[ $next == end ]] && continue
    next="${{verb:+$verb }}$word"
    case $next in
    {verbs}) verb=$next ;;
    *) next=end ;;
    esac
  done
  case $verb in
{by_verb}  esac
  case "$verb $previous" in
{option_values}  esac
  if [[ $kind == value ]]; then
    if [[ -n $choices ]]; then compadd -- ${{=choices}}; else _files; fi
  elif [[ $PREFIX == -* ]]; then
    _describe option options
  elif (( $#verbs )); then
    _describe verb verbs
  elif (( $#names )); then
    compadd -a names
  elif [[ -n $takes_keys && $PREFIX == *=* ]]; then
    key=${{PREFIX%%=*}}
    compset -P '*='
    case $key in
{key_values}    esac
    if [[ -n $choices ]]; then compadd -- ${{=choices}}; else _files; fi
  else
    _files
    if [[ -n $takes_keys && -n $PREFIX ]]; then
      keys=({keys})
      compadd -S '' -a keys
    fi
  fi
}}
if [[ $funcstack[1] == _stoker ]]; then _stoker "$@"; else compdef _stoker stoker; fi
)";

// `word:description`, as _describe takes it.
std::string zsh_described(const DescribedWord& word) {
  std::string name;
  for (const char letter : word.word) name += letter == ':' ? "\\:" : std::string(1, letter);
  return sh_quoted(name + ":" + word.description);
}

std::string zsh_script(const CompletedWords& words) {
  std::string by_verb;
  for (const CompletedVerb& verb : words.verbs) {
    std::vector<std::string> verbs, options;
    for (const DescribedWord& child : verb.verbs) verbs.push_back(zsh_described(child));
    for (const CompletedOption& option : verb.options)
      options.push_back(zsh_described(option.name));
    by_verb += fmt::format(
        "  {})\n    verbs=({})\n    options=({})\n    names=({})\n    {}\n    ;;\n",
        sh_quoted(verb.path), fmt::join(verbs, " "), fmt::join(options, " "),
        fmt::join(verb.values, " "), verb.takes_keys ? "takes_keys=1" : "takes_keys=''");
  }
  return fmt::format(kZsh, fmt::arg("verbs", verb_cases(words)), fmt::arg("by_verb", by_verb),
                     fmt::arg("option_values", option_value_cases(words)),
                     fmt::arg("key_values", key_value_cases(words)),
                     fmt::arg("keys", key_words(words)));
}

constexpr const char* kFish = R"(# Completion of stoker for fish, made by `stoker completion fish`.
function __stoker_verb
    set -l verb ''
    for word in (commandline -opc)[2..-1]
        set -l next (string trim -- "$verb $word")
        contains -- $next {verbs}; or break
        set verb $next
    end
    echo -- $verb
end
function __stoker_at
    test (__stoker_verb) = "$argv[1]"
end
function __stoker_takes_keys
    contains -- (__stoker_verb) {with_keys}
end
function __stoker_keys
    set -l token (commandline -ct)
    if not string match -q -- '*=*' $token
        test -n "$token"; and string join \n -- $__stoker_all_keys
        return
    end
    set -l key (string replace -r '=.*' '' -- $token)
    set -l choices
    switch $key
{key_values}    end
    for choice in $choices
        echo -- $key=$choice
    end
end
set -g __stoker_all_keys {keys}
{completions}complete -c stoker -n __stoker_takes_keys -a '(__stoker_keys)'
)";

std::string fish_completions(const CompletedVerb& verb) {
  const std::string at =
      fmt::format("complete -c stoker -n {}", fish_quoted("__stoker_at " + fish_quoted(verb.path)));
  std::string lines;
  for (const DescribedWord& child : verb.verbs)
    lines += fmt::format("{} -f -a {} -d {}\n", at, child.word, fish_quoted(child.description));
  for (const std::string& value : verb.values) lines += fmt::format("{} -f -a {}\n", at, value);
  for (const CompletedOption& option : verb.options) {
    const std::string values =
        option.values.empty()
            ? ""
            : fmt::format(" -f -a {}",
                          fish_quoted(fmt::format("{}", fmt::join(option.values, " "))));
    lines += fmt::format(
        "{} -l {} {}{}-d {}\n", at, option.name.word.substr(2), option.takes_value ? "-r " : "",
        values.empty() ? "" : values.substr(1) + " ", fish_quoted(option.name.description));
  }
  return lines;
}

std::string fish_script(const CompletedWords& words) {
  std::vector<std::string> verbs, with_keys;
  std::string key_values, completions;
  for (const std::string& path : paths_of(words)) verbs.push_back(fish_quoted(path));
  for (const CompletedVerb& verb : words.verbs) {
    if (verb.takes_keys) with_keys.push_back(fish_quoted(verb.path));
    completions += fish_completions(verb);
  }
  for (const auto& [values, keys] : keys_by_values(words))
    key_values +=
        fmt::format("        case {}\n            set choices {}\n", fmt::join(keys, " "), values);
  return fmt::format(kFish, fmt::arg("verbs", fmt::join(verbs, " ")),
                     fmt::arg("with_keys", fmt::join(with_keys, " ")),
                     fmt::arg("key_values", key_values), fmt::arg("keys", key_words(words)),
                     fmt::arg("completions", completions));
}

}  // namespace

std::string completion_script(std::string_view shell, const CompletedWords& words) {
  if (shell == "bash") return bash_script(words);
  if (shell == "zsh") return zsh_script(words);
  return fish_script(words);
}

}  // namespace stoker::app
