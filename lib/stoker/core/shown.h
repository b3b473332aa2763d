// Text from outside (names of files and classes, words of the command line, other programs'
// messages) made fit for a terminal: no byte of it moves a cursor, sets a title or forges a line.
//
//   fmt::print("{}\n", shown("evil\x1b[2Jname"));  // evil\x1b[2Jname
//
// What is for programs (JSON, CSV in a file) keeps its bytes; see text.h and json_text.h.
#pragma once

#include <string>
#include <string_view>

namespace stoker {

// A name within a line: control characters, the line feed among them, and bytes that are no UTF-8
// stand as \n, \t, \r or \x and two hex digits a byte.
std::string shown(std::string_view text);
// The same for a message, whose line feeds stay.
std::string shown_message(std::string_view text);

}  // namespace stoker
