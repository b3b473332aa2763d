#include "stoker/data/csv_reader.h"

#include "stoker/core/error.h"

namespace stoker::data {

CsvReader::CsvReader(std::string_view text, std::string_view name) : text_(text), name_(name) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
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
    if (c == ',') continue;
    if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    break;
  }
  return fields_.size() > 1 || !fields_[0].empty();
}

std::string CsvReader::read_field() {
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
  const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
  const std::string_view field = text_.substr(at_, end - at_);
  at_ = end;
  return std::string(field);
}

std::string CsvReader::read_quoted() {
  const int64_t begin_line = line_;
  std::string field;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (c == '"') {
      ++at_;
      const bool ends = at_ >= text_.size() ||
                        std::string_view(",\r\n").find(text_[at_]) != std::string_view::npos;
      if (ends) return field;
      if (text_[at_] != '"')
        throw DataError(
            fmt::format("{}:{}: after a closing quote a comma or the end of the line is "
                        "expected; a quote inside quotes is written twice",
                        name_, line_));
    }
    field += c;
  }
  throw DataError(
      fmt::format("{}:{}: the quote that begins here is never closed", name_, begin_line));
}

}  // namespace stoker::data
