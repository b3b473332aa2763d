#include "stoker/data/label_table.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/core/shown_list.h"
#include "stoker/data/csv_rows.h"

namespace stoker::data {
namespace {

using Words = std::vector<std::string>;

// The labels of each image as they are written.
struct Written {
  LabelTable table;  // without labels
  std::vector<Words> words;
};

std::optional<size_t> find_paths(const CsvRows& csv) {
  const auto path = csv.find_column("path");
  return path ? path : csv.find_column("key");
}

size_t column_of_paths(const CsvRows& csv) {
  const auto found = find_paths(csv);
  return found ? *found : csv.column("path");
}

std::optional<size_t> column_of_labels(const CsvRows& csv) {
  const auto labels = csv.find_column("labels");
  return labels ? labels : csv.find_column("label");
}

Words split_labels(std::string_view text, const std::string& separator) {
  const bool at_blanks = trimmed(separator).empty();
  Words words;
  while (!text.empty()) {
    const size_t end =
        std::min(at_blanks ? text.find_first_of(" \t") : text.find(separator), text.size());
    if (const std::string_view word = trimmed(text.substr(0, end)); !word.empty())
      words.emplace_back(word);
    text.remove_prefix(std::min(end + (at_blanks ? 1 : separator.size()), text.size()));
  }
  return words;
}

// What a field says in a column of 0 and 1; nothing for other text.
std::optional<bool> marked(std::string_view field) {
  const std::string_view mark = trimmed(field);
  if (mark == "1" || mark == "1.0") return true;
  if (mark == "0" || mark == "0.0" || mark.empty()) return false;
  return std::nullopt;
}

// The classes that have a 1 in this row.
Words marked_classes(const CsvRows& csv, const std::vector<size_t>& columns) {
  Words words;
  for (const size_t column : columns) {
    const std::optional<bool> is_present = marked(csv.fields()[column]);
    if (!is_present)
      csv.fail(fmt::format(
          "\"{}\" in the column \"{}\": expected 1 where the image has this label and 0 where it "
          "has not. Name the columns that are labels in data.label_columns",
          shown(trimmed(csv.fields()[column])), shown(csv.header()[column])));
    if (*is_present) words.emplace_back(trimmed(csv.header()[column]));
  }
  return words;
}

std::vector<size_t> columns_of_classes(const CsvRows& csv, const Words& named, size_t path) {
  std::vector<size_t> columns;
  for (const std::string& name : named) columns.push_back(csv.column(name));
  for (size_t i = 0; named.empty() && i < csv.header().size(); ++i)
    if (i != path) columns.push_back(i);
  return columns;
}

void check_column_names(const CsvRows& csv, const Words& names) {
  std::set<std::string> seen;
  for (const std::string& name : names)
    if (name.empty() || !seen.insert(name).second)
      csv.fail(fmt::format("{}; read \"{}\"",
                           name.empty() ? "a column has no name"
                                        : fmt::format("the class \"{}\" comes twice", shown(name)),
                           csv.header_text()));
  if (names.empty())
    csv.fail(
        fmt::format("the header has no labels: expected a column \"labels\", or one of 0 and 1 for "
                    "each class; read \"{}\"",
                    csv.header_text()));
}

Written read_words(const std::filesystem::path& path, const LabelTableOptions& options) {
  CsvRows csv(path, "path,labels");
  const size_t path_column = column_of_paths(csv);
  const auto labels = options.columns.empty() ? column_of_labels(csv) : std::nullopt;
  Written written;
  std::vector<size_t> columns;
  if (!labels) {
    columns = columns_of_classes(csv, options.columns, path_column);
    for (const size_t column : columns)
      written.table.classes.emplace_back(trimmed(csv.header()[column]));
    check_column_names(csv, written.table.classes);
  }
  while (csv.next()) {
    if (is_blank(csv.fields()[path_column])) csv.fail("the path is empty");
    written.table.paths.push_back(csv.fields()[path_column]);
    written.table.lines.push_back(csv.line());
    written.words.push_back(labels ? split_labels(csv.fields()[*labels], options.separator)
                                   : marked_classes(csv, columns));
  }
  if (written.words.empty()) throw DataError(shown(path.string()) + ": only a header, no images");
  return written;
}

std::set<std::string> names_in(const std::vector<Words>& rows) {
  std::set<std::string> names;
  for (const Words& words : rows) names.insert(words.begin(), words.end());
  return names;
}

// The names in order; numbers stand for all up to the largest.
Words classes_of(const std::vector<Words>& rows, const std::string& file) {
  constexpr int64_t kMostNumbers = 100'000;
  const std::set<std::string> names = names_in(rows);
  if (names.empty()) throw DataError(shown(file) + ": no image has a label");
  int64_t largest = 0;
  for (const std::string& name : names) {
    const std::optional<int64_t> number = as_class_number(name);
    if (!number || *number < 0 || *number >= kMostNumbers) return {names.begin(), names.end()};
    largest = std::max(largest, *number);
  }
  Words classes;
  for (int64_t i = 0; i <= largest; ++i) classes.push_back(std::to_string(i));
  return classes;
}

// "07" is the class "7" where classes are numbers.
std::string class_called(const std::string& word, bool are_numbers) {
  const std::optional<int64_t> number = are_numbers ? as_class_number(word) : std::nullopt;
  return number ? std::to_string(*number) : word;
}

}  // namespace

bool names_several_labels(const std::filesystem::path& path) {
  CsvRows csv(path, "path,label");
  if (csv.find_column("label")) return false;
  if (csv.find_column("labels")) return true;
  const auto path_column = find_paths(csv);
  if (!path_column || csv.header().size() < 2 || !csv.next()) return false;
  for (size_t i = 0; i < csv.header().size(); ++i)
    if (i != *path_column && !marked(csv.fields()[i])) return false;
  return true;
}

std::set<std::string> written_labels(const std::filesystem::path& path,
                                     const LabelTableOptions& options) {
  return names_in(read_words(path, options).words);
}

LabelTable read_label_table(const std::filesystem::path& path, const LabelTableOptions& options,
                            std::vector<std::string> classes) {
  Written written = read_words(path, options);
  LabelTable table = std::move(written.table);
  if (!classes.empty()) table.classes = std::move(classes);
  if (table.classes.empty()) table.classes = classes_of(written.words, path.string());
  std::unordered_map<std::string, int32_t> numbers;
  for (const std::string& name : table.classes)
    numbers.emplace(name, static_cast<int32_t>(numbers.size()));
  const bool are_numbers = table.classes[0] == "0" && as_class_number(table.classes.back());
  for (size_t i = 0; i < written.words.size(); ++i) {
    std::vector<int32_t> labels;
    for (const std::string& word : written.words[i]) {
      const auto found = numbers.find(class_called(word, are_numbers));
      if (found == numbers.end())
        throw DataError(
            fmt::format("{}:{}: the label \"{}\" is not one of the {} classes trained on: {}",
                        shown(path.string()), table.lines[i], shown(word), table.classes.size(),
                        shown_list(table.classes)));
      labels.push_back(found->second);
    }
    table.labels.add(std::move(labels));
  }
  return table;
}

}  // namespace stoker::data
