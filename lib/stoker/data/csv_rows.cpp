#include "stoker/data/csv_rows.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

// Separators at the end of a row, which spreadsheets leave for columns that are empty.
void drop_blank_end(std::vector<std::string>& fields, size_t keep) {
  while (fields.size() > keep && is_blank(fields.back())) fields.pop_back();
}

std::string text_of(const fs::path& path, std::string_view expected) {
  if (fs::exists(path) && !fs::is_directory(path)) return read_file(path);
  throw DataError(
      fmt::format("{}: no such file. The format csv expects a file with the header \"{}\" there, "
                  "and a line for each image",
                  shown(path.string()), expected));
}

}  // namespace

bool is_blank(const std::string& field) { return trimmed(field).empty(); }

std::optional<int64_t> as_class_number(std::string_view text) {
  text = trimmed(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<int64_t>::max();
  if (error != std::errc()) return std::nullopt;
  return value;
}

CsvRows::CsvRows(const fs::path& path, std::string_view expected)
    : name_(path.string()),
      expected_(expected),
      text_(text_of(path, expected)),
      reader_(text_, name_) {
  if (!reader_.next())
    throw DataError(fmt::format("{}: the file is empty; expected \"{}\"", shown(name_), expected_));
  header_ = reader_.fields();
  drop_blank_end(header_, 0);
}

std::optional<size_t> CsvRows::find_column(std::string_view name) const {
  const std::string wanted = lower_case(trimmed(name));
  const auto found = std::ranges::find_if(
      header_, [&](const std::string& field) { return lower_case(trimmed(field)) == wanted; });
  if (found == header_.end()) return std::nullopt;
  return static_cast<size_t>(found - header_.begin());
}

size_t CsvRows::column(std::string_view name) const {
  if (const auto found = find_column(name)) return *found;
  fail(fmt::format("the header has no column \"{}\": expected \"{}\", read \"{}\"", shown(name),
                   expected_, header_text()));
}

std::string CsvRows::header_text() const {
  return shown(fmt::format("{}", fmt::join(header_, ",")));
}

bool CsvRows::next() {
  while (reader_.next()) {
    if (std::ranges::all_of(reader_.fields(), is_blank)) continue;
    fields_ = reader_.fields();
    drop_blank_end(fields_, header_.size());
    if (fields_.size() != header_.size())
      fail(fmt::format("{} fields, but the header names {}; a comma inside a field needs quotes",
                       fields_.size(), header_.size()));
    return true;
  }
  return false;
}

void CsvRows::fail(const std::string& what) const {
  throw DataError(fmt::format("{}:{}: {}", shown(name_), line(), what));
}

}  // namespace stoker::data
