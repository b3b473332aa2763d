#include "stoker/data/csv.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/data/csv_rows.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string path;
  std::string label;
  int64_t line;
};

std::vector<Row> read_rows(const fs::path& path) {
  CsvRows csv(path, "path,label");
  const size_t path_column = csv.column("path"), label_column = csv.column("label");
  std::vector<Row> rows;
  while (csv.next()) {
    if (is_blank(csv.fields()[path_column])) csv.fail("the path is empty");
    if (is_blank(csv.fields()[label_column])) csv.fail("the label is empty");
    rows.push_back({csv.fields()[path_column], csv.fields()[label_column], csv.line()});
  }
  if (rows.empty()) throw DataError(shown(path.string()) + ": only a header, no images");
  return rows;
}

// Where every label is a number, each must be a class number.
void check_class_numbers(const std::vector<Row>& rows, const fs::path& path) {
  constexpr int64_t kMaxClasses = 1'000'000;
  for (const Row& row : rows) {
    const int64_t number = *as_class_number(row.label);
    if (number < 0 || number >= kMaxClasses)
      throw DataError(fmt::format("{}:{}: the label {} is no class number: expected 0 to {}",
                                  shown(path.string()), row.line, shown(row.label),
                                  kMaxClasses - 1));
  }
}

bool all_numbers(const std::vector<std::string>& classes) {
  return !classes.empty() && classes[0] == "0" && as_class_number(classes.back());
}

class Csv : public Dataset {
 public:
  Csv(const fs::path& path, std::vector<std::string> classes)
      : folder_(path.parent_path()), classes_(std::move(classes)) {
    std::unordered_map<std::string, int64_t> labels;
    for (const std::string& name : classes_)
      labels.emplace(name, static_cast<int64_t>(labels.size()));
    const bool numbers = all_numbers(classes_);
    for (Row& row : read_rows(path)) {
      // "07" and "7" are one class when classes are numbers.
      const std::optional<int64_t> number = as_class_number(row.label);
      const auto found = labels.find(numbers && number ? std::to_string(*number) : row.label);
      if (found == labels.end())
        throw DataError(
            fmt::format("{}:{}: the label \"{}\" is not one of the {} classes trained on",
                        shown(path.string()), row.line, shown(row.label), classes_.size()));
      // `./a.png` and `a.png` are one file.
      samples_.push_back({fs::path(row.path).lexically_normal().string(), found->second});
    }
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  const std::vector<std::string>& class_names() const override { return classes_; }
  int64_t label(int64_t index) const override { return sample(index).label; }
  std::string name(int64_t index) const override { return (folder_ / sample(index).path).string(); }
  std::string key(int64_t index) const override { return sample(index).path; }
  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    return read_sample_file(folder_ / sample(index).path, scratch);
  }

 private:
  struct Sample {
    std::string path;
    int64_t label;
  };
  const Sample& sample(int64_t index) const { return samples_[static_cast<size_t>(index)]; }

  fs::path folder_;
  std::vector<std::string> classes_;
  std::vector<Sample> samples_;
};

}  // namespace

std::vector<std::string> csv_classes(const fs::path& path) {
  const std::vector<Row> rows = read_rows(path);
  std::set<std::string> names;
  int64_t largest = 0;
  bool numbers = true;
  for (const Row& row : rows) {
    const std::optional<int64_t> number = as_class_number(row.label);
    numbers = numbers && number;
    largest = std::max(largest, number.value_or(0));
    names.insert(row.label);
  }
  if (!numbers) return {names.begin(), names.end()};
  check_class_numbers(rows, path);
  std::vector<std::string> classes;
  for (int64_t i = 0; i <= largest; ++i) classes.push_back(std::to_string(i));
  return classes;
}

std::shared_ptr<const Dataset> open_csv(const fs::path& path, std::vector<std::string> classes) {
  return std::make_shared<Csv>(path, std::move(classes));
}

}  // namespace stoker::data
