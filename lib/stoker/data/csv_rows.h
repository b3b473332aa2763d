// A manifest: its header, and its rows one at a time.
//
//   CsvRows rows("labels.csv", "path,label");
//   const size_t path = rows.column("path");
//   while (rows.next()) use(rows.fields()[path], rows.line());
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/data/csv_reader.h"

namespace stoker::data {

class CsvRows {
 public:
  // expected: a header, for messages. Throws DataError where there is no file, or no line in it.
  CsvRows(const std::filesystem::path& path, std::string_view expected);
  CsvRows(const CsvRows&) = delete;  // the reader refers to the text
  CsvRows& operator=(const CsvRows&) = delete;

  const std::vector<std::string>& header() const { return header_; }
  std::string header_text() const;  // for messages
  // The column of this name, in any case.
  std::optional<size_t> find_column(std::string_view name) const;
  size_t column(std::string_view name) const;  // throws DataError

  // The next row that is not blank. Throws DataError for another number of fields than the
  // header's.
  bool next();
  const std::vector<std::string>& fields() const { return fields_; }
  int64_t line() const { return reader_.line(); }         // the header's before next()
  [[noreturn]] void fail(const std::string& what) const;  // DataError with file and line()

 private:
  std::string name_, expected_;
  std::string text_;
  CsvReader reader_;
  std::vector<std::string> header_, fields_;
};

// A whole number; negative ones too; the largest for one that is larger.
std::optional<int64_t> as_class_number(std::string_view text);

// A field of nothing but space.
bool is_blank(const std::string& field);

}  // namespace stoker::data
