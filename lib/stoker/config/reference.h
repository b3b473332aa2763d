// The reference page of described options, as Markdown.
//
//   write_file_atomically(files, "docs/config.md", as_bytes(reference_page(fields, introduction)));
//
// A section a group of options, a sub-section a row of a table; each key with what it takes, its
// default and its meaning.
#pragma once

#include <string>
#include <string_view>

#include "stoker/config/fields.h"

namespace stoker::config {

// introduction: Markdown that opens the page, its heading included.
std::string reference_page(const Fields& fields, std::string_view introduction);

}  // namespace stoker::config
