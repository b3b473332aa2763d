// A configuration as it stands in its files: a tree of maps, lists and words that remembers where
// each part was written. Knows neither YAML's grammar nor any option.
//
//   Node tree = parse_yaml("lr: 0.8", "a.yaml");
//   tree.find("lr")->scalar;                      // "0.8"
//   to_string(tree.find("lr")->location);         // "a.yaml:1"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoker::config {

enum class Origin { kDefault, kFile, kOverride };

struct Location {
  Origin origin = Origin::kDefault;
  std::string source;  // the file's path, or the override `train.epochs=3` as it was typed
  int line = 0;        // from 1; 0 for an override or the file as a whole
  int column = 0;      // from 1
};

// "configs/a.yaml:12", "override `train.epochs=3`" or "default".
std::string to_string(const Location& location);

enum class Kind { kNull, kScalar, kList, kMap };

struct Entry;

struct Node {
  Kind kind = Kind::kNull;
  std::string scalar;
  // Written in quotes (or a block of text): text, whatever it looks like.
  bool quoted = false;
  // Stands for the `name` of a map whose options were merged with a bare word.
  bool from_bare_word = false;
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the order of the file; keys are unique
  Location location;

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The value under `key` of a map; null if there is none.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  // Replaces the value under `key` or adds it at the end.
  void set(std::string key, Node value);
};

struct Entry {
  std::string key;
  Location location;  // of the key
  Node value;
};

Node make_scalar(std::string text, bool quoted, Location location);

// What a plain (unquoted) scalar means by YAML 1.2's core schema.
enum class PlainType { kNull, kBool, kInteger, kNumber, kText };
PlainType plain_type(std::string_view text);

// "a map", "a list", "nothing", or the scalar, in quotes unless it is a number or a truth value.
// Long ones are cut, control characters are escaped.
std::string show(const Node& node);
// The same care for any text out of a config, in double quotes.
std::string show_text(std::string_view text);

}  // namespace stoker::config
