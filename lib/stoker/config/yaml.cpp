#include "stoker/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "stoker/config/utf8.h"
#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::config {

namespace {

// What a copy of a node costs.
struct Weight {
  size_t nodes = 1;
  size_t bytes = 0;
  int height = 1;
};

Weight weigh(const Node& node) {
  Weight sum{.bytes = node.scalar.size()};
  const auto add = [&sum](const Node& child) {
    const Weight weight = weigh(child);
    sum.nodes += weight.nodes;
    sum.bytes += weight.bytes;
    sum.height = std::max(sum.height, weight.height + 1);
  };
  for (const Node& item : node.items) add(item);
  for (const Entry& entry : node.entries) {
    sum.bytes += entry.key.size();
    add(entry.value);
  }
  return sum;
}

// Builds the tree from the parser's events and throws as soon as a limit is passed.
class Builder : public YAML::EventHandler {
 public:
  Builder(const Location& source, const YamlLimits& limits) : source_(source), limits_(limits) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail(mark, "a second document starts here; a config is one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.location = locate(mark);
    add(std::move(node), anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) fail(mark, "an alias to the very node that holds it");
    const Weight& weight = known->second.second;
    if (static_cast<int>(open_.size()) + weight.height > limits_.depth) fail_depth(mark);
    charge(weight, mark);
    place(known->second.first, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    add(make_scalar(value, tag == "!", locate(mark)), anchor, mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map whose end is still to come.
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::optional<Entry> pending;                // a map's entry whose value is still to come
    std::unordered_map<std::string, int> lines;  // of a map's keys
  };

  Location locate(const YAML::Mark& mark) const {
    Location location = source_;
    if (source_.origin == Origin::kFile) {
      location.line = std::max(mark.line, 0) + 1;
      location.column = std::max(mark.column, 0) + 1;
    }
    return location;
  }

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& problem) const {
    throw ConfigError(fmt::format("{}: {}.", to_string(locate(mark)), problem));
  }
  [[noreturn]] void fail_depth(const YAML::Mark& mark) const {
    fail(mark, fmt::format("nested more than {} levels deep", limits_.depth));
  }

  void charge(const Weight& weight, const YAML::Mark& mark) {
    nodes_ += weight.nodes;
    copied_bytes_ += weight.bytes;
    if (nodes_ > limits_.nodes)
      fail(mark, fmt::format("more than {} values, aliases counted as copies",
                             human_count(static_cast<int64_t>(limits_.nodes))));
    if (copied_bytes_ > limits_.copied_bytes)
      fail(mark, fmt::format("aliases copy more than {}", human_bytes(limits_.copied_bytes)));
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!")
      fail(mark, fmt::format("the tag {} is not supported; remove it", show_text(tag)));
  }

  bool awaits_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().pending;
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(mark, tag);
    if (awaits_key())
      fail(mark, "a list or map as a key; close its bracket, or quote it if it is text");
    if (static_cast<int>(open_.size()) >= limits_.depth) fail_depth(mark);
    charge({}, mark);
    Node node;
    node.kind = kind;
    node.location = locate(mark);
    open_.push_back({std::move(node), anchor, mark, {}, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    remember(done.anchor, done.node, done.mark);
    place(std::move(done.node), done.mark);
  }

  void add(Node node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    charge({}, mark);
    remember(anchor, node, mark);
    place(std::move(node), mark);
  }

  // Keeping a copy for later aliases costs as much as an alias.
  void remember(YAML::anchor_t anchor, const Node& node, const YAML::Mark& mark) {
    if (anchor == YAML::NullAnchor) return;
    const Weight weight = weigh(node);
    charge(weight, mark);
    anchors_.insert_or_assign(anchor, std::pair(node, weight));
  }

  void place(Node node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.pending) {
      parent.pending->value = std::move(node);
      parent.node.entries.push_back(std::move(*parent.pending));
      parent.pending.reset();
    } else {
      start_entry(parent, node, mark);
    }
  }

  void start_entry(Open& map, const Node& key, const YAML::Mark& mark) const {
    if (!key.is_scalar()) fail(mark, fmt::format("{} as a key; a key is a word", show(key)));
    if (!key.quoted && key.scalar == "<<")
      fail(mark, "merge keys (<<) are not supported; use `extends` or write the keys out");
    const Location location = locate(mark);
    const auto [first, inserted] = map.lines.emplace(key.scalar, location.line);
    if (!inserted) {
      const std::string where =
          location.line == 0 ? "" : fmt::format("; it stands at line {} already", first->second);
      fail(mark, fmt::format("the key {} is given twice{}", show_text(key.scalar), where));
    }
    map.pending = Entry{key.scalar, location, {}};
  }

  const Location& source_;
  const YamlLimits& limits_;
  int documents_ = 0;
  size_t nodes_ = 0;
  size_t copied_bytes_ = 0;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, std::pair<Node, Weight>> anchors_;
  Node root_;
};

// yaml-cpp ends at a control character as if the text ended there, and repairs broken UTF-8.
void check_text(std::string_view text, const Location& source, const YamlLimits& limits) {
  if (text.size() > limits.size_bytes)
    throw ConfigError(fmt::format("{}: {} of YAML; a config has at most {}.", to_string(source),
                                  human_bytes(text.size()), human_bytes(limits.size_bytes)));
  const std::optional<TextFault> fault = find_text_fault(text);
  if (!fault) return;
  Location location = source;
  if (source.origin == Origin::kFile) location.line = fault->line;
  throw ConfigError(fmt::format("{}: {}.", to_string(location), fault->problem));
}

}  // namespace

Node parse_yaml(std::string_view text, const Location& source, const YamlLimits& limits) {
  check_text(text, source, limits);
  std::istringstream stream{std::string(text)};
  Builder builder(source, limits);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    Location location = source;
    std::string column;
    if (source.origin == Origin::kFile && !error.mark.is_null()) {
      location.line = error.mark.line + 1;
      column = fmt::format(" at column {}", error.mark.column + 1);
    }
    throw ConfigError(
        fmt::format("{}: not valid YAML{}: {}.", to_string(location), column, error.msg));
  }
  Node root = builder.take();
  if (root.is_null()) root.location = source;
  return root;
}

}  // namespace stoker::config
