#include "stoker/data/multilabel.h"

#include <unordered_map>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/data/decorator.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

class MultilabelCsv : public Dataset {
 public:
  MultilabelCsv(fs::path folder, LabelTable table)
      : folder_(std::move(folder)), table_(std::move(table)) {
    // `./a.png` and `a.png` are one file.
    for (std::string& path : table_.paths) path = fs::path(path).lexically_normal().string();
  }

  int64_t size() const override { return table_.labels.size(); }
  const std::vector<std::string>& class_names() const override { return table_.classes; }
  int64_t label(int64_t index) const override { return table_.labels.first(index); }
  bool is_multilabel() const override { return true; }
  std::span<const int32_t> labels(int64_t index) const override { return table_.labels[index]; }
  std::string name(int64_t index) const override { return (folder_ / key(index)).string(); }
  std::string key(int64_t index) const override { return table_.paths[static_cast<size_t>(index)]; }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return read_sample_file(folder_ / key(index), scratch);
  }

 private:
  fs::path folder_;
  LabelTable table_;
};

class LabelledByFile : public Decorator {
 public:
  LabelledByFile(std::shared_ptr<const Dataset> dataset, LabelSets labels,
                 std::vector<std::string> classes)
      : Decorator(std::move(dataset)), labels_(std::move(labels)), classes_(std::move(classes)) {}

  int64_t label(int64_t index) const override { return labels_.first(index); }
  bool is_multilabel() const override { return true; }
  std::span<const int32_t> labels(int64_t index) const override { return labels_[index]; }
  const std::vector<std::string>& class_names() const override { return classes_; }

 private:
  LabelSets labels_;
  std::vector<std::string> classes_;
};

std::unordered_map<std::string, int64_t> rows_by_key(const LabelTable& table,
                                                     const std::string& file) {
  std::unordered_map<std::string, int64_t> rows;
  for (size_t i = 0; i < table.paths.size(); ++i)
    if (!rows.emplace(table.paths[i], static_cast<int64_t>(i)).second)
      throw DataError(fmt::format("{}:{}: \"{}\" comes twice", shown(file), table.lines[i],
                                  shown(table.paths[i])));
  return rows;
}

}  // namespace

std::shared_ptr<const Dataset> open_multilabel_csv(const fs::path& path,
                                                   const LabelTableOptions& options,
                                                   std::vector<std::string> classes) {
  return std::make_shared<MultilabelCsv>(path.parent_path(),
                                         read_label_table(path, options, std::move(classes)));
}

std::shared_ptr<const Dataset> labelled_by_file(std::shared_ptr<const Dataset> dataset,
                                                const fs::path& path,
                                                const LabelTableOptions& options,
                                                std::vector<std::string> classes) {
  LabelTable table = read_label_table(path, options, std::move(classes));
  const auto rows = rows_by_key(table, path.string());
  LabelSets labels;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    const auto row = rows.find(dataset->key(i));
    if (row == rows.end())
      throw DataError(fmt::format("{}: no line for the image {}: expected one whose path is \"{}\"",
                                  shown(path.string()), shown(dataset->name(i)),
                                  shown(dataset->key(i))));
    const std::span<const int32_t> own = table.labels[row->second];
    labels.add({own.begin(), own.end()});
  }
  return std::make_shared<LabelledByFile>(std::move(dataset), std::move(labels),
                                          std::move(table.classes));
}

}  // namespace stoker::data
