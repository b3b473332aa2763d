#include "stoker/data/csv_reader.h"

#include <algorithm>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"

namespace stoker::data {

namespace {

// The first line that is not empty.
std::string_view first_line(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of("\r\n"), text.size());
  return text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

// `sep=;`, which tells Excel the separator, in quotes or without.
std::optional<char> named_separator(std::string_view line) {
  while (line.ends_with(' ')) line.remove_suffix(1);  // a tab may be what it names
  const std::string text = lower_case(from_line(line));
  if (text.size() != 5 || !text.starts_with("sep=")) return std::nullopt;
  return text[4];
}

char separator_of(std::string_view header) {
  for (const char separator : {',', ';', '\t'})
    if (header.find(separator) != header.npos) return separator;
  return ',';
}

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string_view name)
    : text_(without_byte_order_mark(text, name)), name_(name) {
  const std::string_view first = first_line(text_);
  const std::optional<char> named = named_separator(first);
  separator_ = named.value_or(separator_of(first));
  if (named) (void)next();
}

bool CsvReader::next() {
  while (at_ < text_.size())
    if (read_row()) return true;
  return false;
}

// False for an empty line.
bool CsvReader::read_row() {
  fields_.clear();
  row_line_ = line_;
  while (true) {
    fields_.push_back(read_field());
    if (at_ >= text_.size()) break;
    const char c = text_[at_++];
    if (c == separator_) continue;
    if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    break;
  }
  return fields_.size() > 1 || !fields_[0].empty();
}

std::string CsvReader::read_field() {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
  while (!at_field_end()) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

bool CsvReader::at_field_end() const {
  return at_ >= text_.size() || text_[at_] == separator_ || text_[at_] == '\r' ||
         text_[at_] == '\n';
}

std::string CsvReader::read_quoted() {
  const int64_t begin_line = line_;
  std::string field;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (c == '"') {
      ++at_;
      if (!at_field_end() && text_[at_] == '"') {
        field += '"';
        continue;
      }
      while (!at_field_end() && text_[at_] == ' ') ++at_;
      if (at_field_end()) return field;
      throw DataError(
          fmt::format("{}:{}: after a closing quote a separator or the end of the line is "
                      "expected; a quote inside quotes is written twice",
                      shown(name_), line_));
    }
    field += c;
  }
  throw DataError(
      fmt::format("{}:{}: the quote that begins here is never closed", shown(name_), begin_line));
}

}  // namespace stoker::data
