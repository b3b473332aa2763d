#include "stoker/config/places.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace stoker::config {

namespace {

bool is_of_key(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '[' ||
         c == ']';
}

// "groups[0]" as "groups.0".
std::string plain(std::string_view key) {
  std::string path;
  for (const char c : key) {
    if (c == '[') path += '.';
    if (c != '[' && c != ']') path += c;
  }
  return path;
}

// The paths that the beginning of a message may stand for, the longest first: of "augment: flip: p
// is 2" these are augment.flip.p, augment.flip and augment.
std::vector<std::string> paths_in(std::string_view message) {
  constexpr size_t kMostParts = 4;
  std::vector<std::string> paths;
  std::string path;
  for (size_t part = 0; part < kMostParts; ++part) {
    const auto end = std::ranges::find_if_not(message, is_of_key);
    const std::string_view word = message.substr(0, static_cast<size_t>(end - message.begin()));
    if (word.empty()) break;
    path = join_path(path, plain(word));
    paths.insert(paths.begin(), path);
    const size_t next = message.find(": ");
    if (next == message.npos) break;
    message.remove_prefix(next + 2);
  }
  return paths;
}

// Without the numbers of items of lists: "augment.1.flip.p" as "augment.flip.p".
std::string without_numbers(std::string_view path) {
  std::string kept;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; })) {
      kept = join_path(kept, part);
    }
  }
  return kept;
}

bool begins_with_path(std::string_view key, std::string_view path) {
  return key.starts_with(path) && (key.size() == path.size() || key[path.size()] == '.');
}

const Location* location_of(const std::string& path, const Provenance& provenance) {
  const auto is_written = [](const Location& at) { return at.origin != Origin::kDefault; };
  if (const auto found = provenance.find(path);
      found != provenance.end() && is_written(found->second)) {
    return &found->second;
  }
  const std::string bare = without_numbers(path);
  for (const auto& [key, location] : provenance) {
    if (is_written(location) && begins_with_path(without_numbers(key), bare)) return &location;
  }
  return nullptr;
}

}  // namespace

std::string with_place(std::string_view message, const Provenance& provenance) {
  for (const std::string& path : paths_in(message)) {
    if (const Location* location = location_of(path, provenance)) {
      return to_string(*location) + ": " + std::string(message);
    }
  }
  return std::string(message);
}

}  // namespace stoker::config
