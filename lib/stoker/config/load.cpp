#include "stoker/config/load.h"

#include <algorithm>
#include <vector>

#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/text.h"

namespace stoker::config {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kExtends = "extends";
constexpr size_t kMaxDepth = 16;  // of files that extend each other
constexpr size_t kMaxFiles = 64;  // read for one config

// "; did you mean `configs/cifar10.yaml`?" for a slip in the file's name, or "".
std::string suggest_file(const fs::path& path) {
  std::error_code error;
  for (const char* extension : {".yaml", ".yml"})
    if (fs::is_regular_file(path.string() + extension, error))
      return fmt::format("; did you mean `{}{}`?", path.string(), extension);
  std::vector<std::string> names;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") names.push_back(it->path().filename());
  }
  std::sort(names.begin(), names.end());
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view near = nearest(path.filename().string(), candidates);
  if (near.empty()) return "";
  return fmt::format("; did you mean `{}`?", (path.parent_path() / near).string());
}

// Reads a file and, before it, the files that it extends.
class Loader {
 public:
  // asked_at: what names the file in a message about it, "" or "a.yaml:3: extends: ".
  Node load(const fs::path& path, const std::string& asked_at) {
    enter(path, asked_at);
    const std::string name = path.string();
    Node tree = parse_yaml(read(path, asked_at), {.origin = Origin::kFile, .source = name});
    if (tree.is_null()) tree.kind = Kind::kMap;
    if (!tree.is_map())
      throw ConfigError(
          fmt::format("{}: read {}, expected keys with their values, such as `seed: 0`.",
                      to_string(tree.location), show(tree)));
    Node merged;
    if (const Node* bases = tree.find(kExtends)) {
      for (const Node& base : as_list(*bases))
        merged = merge(std::move(merged), load_base(path, base));
      std::erase_if(tree.entries, [](const Entry& entry) { return entry.key == kExtends; });
    }
    open_.pop_back();
    return merge(std::move(merged), tree);
  }

 private:
  void enter(const fs::path& path, const std::string& asked_at) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    for (const auto& [shown, known] : open_)
      if (known == real)
        throw ConfigError(fmt::format("{}the files extend each other in a circle: {}{}.", asked_at,
                                      chain(), path.string()));
    if (open_.size() >= kMaxDepth || ++files_ > kMaxFiles)
      throw ConfigError(fmt::format("{}more than {} files extend each other.", asked_at,
                                    open_.size() >= kMaxDepth ? kMaxDepth : kMaxFiles));
    open_.emplace_back(path.string(), real);
  }

  std::string chain() const {
    std::string text;
    for (const auto& [shown, real] : open_) text += shown + " → ";
    return text;
  }

  static std::string read(const fs::path& path, const std::string& asked_at) {
    std::error_code error;
    if (!fs::exists(path, error)) {
      const std::string suggestion = suggest_file(path);
      throw ConfigError(fmt::format("{}{}: no such file{}", asked_at, path.string(),
                                    suggestion.empty() ? "." : suggestion));
    }
    if (fs::is_directory(path, error))
      throw ConfigError(
          fmt::format("{}{}: is a folder, expected a YAML file.", asked_at, path.string()));
    try {
      return read_file_or_pipe(path, YamlLimits().size_bytes);
    } catch (const FileError& problem) {
      throw ConfigError(asked_at + problem.what());
    }
  }

  static std::vector<Node> as_list(const Node& bases) {
    if (bases.is_list()) return bases.items;
    return {bases};
  }

  Node load_base(const fs::path& path, const Node& base) {
    const std::string at = fmt::format("{}: extends: ", to_string(base.location));
    if (!base.is_scalar() || base.scalar.empty())
      throw ConfigError(fmt::format(
          "{}read {}, expected the path of a YAML file or a list of paths.", at, show(base)));
    return load((path.parent_path() / base.scalar).lexically_normal(), at);
  }

  std::vector<std::pair<std::string, fs::path>> open_;
  size_t files_ = 0;
};

}  // namespace

Node load_files(const fs::path& path) { return Loader().load(path, ""); }

Node load_config(const fs::path& path, std::span<const std::string> overrides,
                 const Node& defaults) {
  Node tree = load_files(path);
  for (const std::string& override : overrides)
    tree = with_override(std::move(tree), override, defaults);
  return tree;
}

}  // namespace stoker::config
