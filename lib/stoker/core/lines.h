// Lines of text files as people's tools write them: with or without a byte-order mark, ended by
// LF, CRLF or CR, with blank lines at the end. The one reader of every list that stoker takes.
//
//   const std::string text = read_file(path);
//   for (const std::string_view line : text_lines(text, path.string())) …
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoker {

// The text after a UTF-8 byte-order mark. Throws DataError for UTF-16 and UTF-32, which no list may
// be in, and for a zero byte, which no text and no name of a file holds. `name` is for messages.
std::string_view without_byte_order_mark(std::string_view text, std::string_view name);

// The lines without their ends, the n-th being line n + 1 of the file; those at the end that hold
// nothing but spaces are left out. They point into `text`. Throws as above.
std::vector<std::string_view> text_lines(std::string_view text, std::string_view name);

// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

// What a line of a list stands for: the content of quotes that enclose the whole line, with quotes
// inside written twice, as spreadsheets and "copy as path" write them; every other line is itself.
std::string from_line(std::string_view line);
// A line that from_line() gives `text` for: itself, as a rule.
std::string as_line(std::string_view text);

// A to Z as a to z; other bytes as they are.
std::string lower_case(std::string_view text);

}  // namespace stoker
