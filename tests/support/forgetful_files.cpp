#include <fmt/format.h>

#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "stoker/core/error.h"
#include "support/faulty_files.h"

namespace stoker::test {

namespace fs = std::filesystem;

// A file or a folder, as it is seen and as the disk has it.
struct ForgetfulFiles::Node {
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  bool is_folder = false;
  std::string content, synced_content;
  Names names, synced_names;

  static std::shared_ptr<Node> read(const fs::path& path) {
    auto node = std::make_shared<Node>();
    node->is_folder = fs::is_directory(path);
    if (!node->is_folder) {
      node->content = node->synced_content = read_file(path);
      return node;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      node->names[entry.path().filename().string()] = read(entry.path());
    }
    node->synced_names = node->names;
    return node;
  }

  // Writes to `path` what is left, and makes it what the node now is.
  void restart(const fs::path& path, Lost lost) {
    if (!is_folder) {
      content = synced_content;
      std::ofstream(path, std::ios::binary) << content;
      return;
    }
    fs::create_directory(path);
    if (lost == Lost::kEverythingUnsynced) names = synced_names;
    synced_names = names;
    for (const auto& [name, node] : names) node->restart(path / name, lost);
  }
};

class ForgetfulFiles::File : public WritableFile {
 public:
  File(std::mutex& mutex, std::unique_ptr<WritableFile> inner, std::shared_ptr<Node> node)
      : mutex_(mutex), inner_(std::move(inner)), node_(std::move(node)) {}
  void append(Bytes bytes) override {
    const std::lock_guard lock(mutex_);
    inner_->append(bytes);
    node_->content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void sync() override {
    const std::lock_guard lock(mutex_);
    inner_->sync();
    node_->synced_content = node_->content;
  }
  void close() override { inner_->close(); }

 private:
  std::mutex& mutex_;
  std::unique_ptr<WritableFile> inner_;
  std::shared_ptr<Node> node_;
};

ForgetfulFiles::ForgetfulFiles(const fs::path& root) : root_(root), tree_(Node::read(root)) {}
ForgetfulFiles::~ForgetfulFiles() = default;

void ForgetfulFiles::restart(Lost lost) {
  for (const auto& entry : fs::directory_iterator(root_)) fs::remove_all(entry.path());
  tree_->restart(root_, lost);
}

ForgetfulFiles::Node& ForgetfulFiles::folder(const fs::path& path) const {
  Node* node = tree_.get();
  for (const fs::path& part : path.lexically_relative(root_)) {
    if (part.empty() || part == ".") continue;
    const auto next = node->names.find(part.string());
    if (next == node->names.end() || !next->second->is_folder) {
      throw InternalError(fmt::format("{}: not a folder below {}", path.string(), root_.string()));
    }
    node = next->second.get();
  }
  return *node;
}

std::shared_ptr<ForgetfulFiles::Node> ForgetfulFiles::file_node(const fs::path& path) const {
  auto& node = folder(path.parent_path()).names[path.filename().string()];
  if (!node) node = std::make_shared<Node>();
  return node;
}

std::unique_ptr<WritableFile> ForgetfulFiles::create(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  auto file = real_file_system().create(path);
  const auto node = file_node(path);
  node->content.clear();
  return std::make_unique<File>(mutex_, std::move(file), node);
}

std::unique_ptr<WritableFile> ForgetfulFiles::open_to_append(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  auto file = real_file_system().open_to_append(path);
  return std::make_unique<File>(mutex_, std::move(file), file_node(path));
}

void ForgetfulFiles::rename(const fs::path& from, const fs::path& to) {
  const std::lock_guard lock(mutex_);
  real_file_system().rename(from, to);
  auto moved = folder(from.parent_path()).names.extract(from.filename().string());
  folder(to.parent_path()).names[to.filename().string()] = moved.mapped();
}

void ForgetfulFiles::remove_all(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  real_file_system().remove_all(path);
  folder(path.parent_path()).names.erase(path.filename().string());
}

void ForgetfulFiles::make_directory(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  real_file_system().make_directory(path);
  note_folders(path);
}

void ForgetfulFiles::make_directories(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  real_file_system().make_directories(path);
  note_folders(path);
}

void ForgetfulFiles::note_folders(const fs::path& path) {
  Node* node = tree_.get();
  for (const fs::path& part : path.lexically_relative(root_)) {
    if (part.empty() || part == ".") continue;
    auto& next = node->names[part.string()];
    if (!next) {
      next = std::make_shared<Node>();
      next->is_folder = true;
      node->synced_names[part.string()] = next;
    }
    node = next.get();
  }
}

void ForgetfulFiles::sync_directory(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  real_file_system().sync_directory(path);
  Node& node = folder(path);
  node.synced_names = node.names;
}

// Someone else's writes go past this model: what the file holds now is what is seen and synced.
void ForgetfulFiles::sync_file(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  real_file_system().sync_file(path);
  const auto node = file_node(path);
  node->content = node->synced_content = read_file(path);
}

}  // namespace stoker::test
