// Comma-separated values by RFC 4180: quoted fields, doubled quotes, line breaks inside quotes.
// Beyond it, as spreadsheets write: a byte-order mark, any line ending, blank lines, spaces around
// quotes, `;` or tabs where the first line has them and no comma, and Excel's line `sep=;` before
// all others, which is no row.
//
//   CsvReader reader(text, "labels.csv");
//   while (reader.next()) use(reader.fields(), reader.line());
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoker::data {

class CsvReader {
 public:
  // text must outlive the reader. Throws DataError for UTF-16 and for zero bytes.
  CsvReader(std::string_view text, std::string_view name);

  // The next row; false at the end. Throws DataError for an unfinished quote.
  bool next();
  const std::vector<std::string>& fields() const { return fields_; }
  // Where the row begins, from 1.
  int64_t line() const { return row_line_; }

 private:
  bool read_row();
  std::string read_field();
  std::string read_quoted();
  bool at_field_end() const;

  std::string_view text_;
  char separator_ = ',';
  std::string name_;
  size_t at_ = 0;
  int64_t line_ = 1;
  int64_t row_line_ = 0;
  std::vector<std::string> fields_;
};

}  // namespace stoker::data
