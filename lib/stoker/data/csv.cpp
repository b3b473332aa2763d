#include "stoker/data/csv.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/csv_reader.h"
#include "stoker/data/sample_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string path;
  std::string label;
  int64_t line;
};

bool is_blank(const std::string& field) { return trimmed(field).empty(); }

// Separators at the end of a row, which spreadsheets leave for columns that are empty.
void drop_blank_end(std::vector<std::string>& fields, size_t keep) {
  while (fields.size() > keep && is_blank(fields.back())) fields.pop_back();
}

size_t find_column(const std::vector<std::string>& header, std::string_view column,
                   const std::string& name, int64_t line) {
  const auto found = std::ranges::find_if(
      header, [&](const std::string& field) { return lower_case(trimmed(field)) == column; });
  if (found != header.end()) return static_cast<size_t>(found - header.begin());
  const std::vector<std::string_view> read(header.begin(), header.end());
  throw DataError(
      fmt::format("{}:{}: the header has no column \"{}\": expected \"path,label\", read \"{}\"",
                  shown(name), line, column, join(read, ",")));
}

Row make_row(const CsvReader& reader, size_t path_column, size_t label_column, size_t columns,
             const std::string& name) {
  std::vector<std::string> fields = reader.fields();
  drop_blank_end(fields, columns);
  const auto fail = [&](const std::string& what) {
    throw DataError(fmt::format("{}:{}: {}", shown(name), reader.line(), what));
  };
  if (fields.size() != columns)
    fail(fmt::format("{} fields, but the header names {}; a comma inside a field needs quotes",
                     fields.size(), columns));
  if (is_blank(fields[path_column])) fail("the path is empty");
  if (is_blank(fields[label_column])) fail("the label is empty");
  return {std::move(fields[path_column]), std::move(fields[label_column]), reader.line()};
}

std::vector<Row> read_rows(const fs::path& path) {
  const std::string name = path.string();
  if (!fs::exists(path) || fs::is_directory(path))
    throw DataError(
        fmt::format("{}: no such file. The format csv expects a file with the header "
                    "\"path,label\" there, and a line for each image",
                    shown(name)));
  const std::string text = read_file(path);
  CsvReader reader(text, name);
  if (!reader.next()) throw DataError(name + ": the file is empty; expected \"path,label\"");
  std::vector<std::string> header = reader.fields();
  drop_blank_end(header, 0);
  const size_t path_column = find_column(header, "path", name, reader.line());
  const size_t label_column = find_column(header, "label", name, reader.line());
  std::vector<Row> rows;
  while (reader.next()) {
    if (std::ranges::all_of(reader.fields(), is_blank)) continue;
    rows.push_back(make_row(reader, path_column, label_column, header.size(), name));
  }
  if (rows.empty()) throw DataError(name + ": only a header, no images");
  return rows;
}

// Negative numbers too; the largest for one that is larger.
std::optional<int64_t> as_class_number(std::string_view text) {
  text = trimmed(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<int64_t>::max();
  if (error != std::errc()) return std::nullopt;
  return value;
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
