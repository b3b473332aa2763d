// Pieces of HTML out of text that may be any bytes.
//
//   html_text("<b>\xff")                             // &lt;b&gt;\xff
//   element("td", "12", {{"class", "number"}})       // <td class="number">12</td>
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stoker::report {

// Fit for HTML's text and for values of attributes in double quotes: markup escaped, control
// characters and what is no UTF-8 shown as \x….
std::string html_text(std::string_view text);

// The same for text of several lines, whose line feeds stay.
std::string html_lines(std::string_view text);

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

// The values of attributes are escaped; `content` is HTML.
std::string element(std::string_view name, std::string_view content,
                    const Attributes& attributes = {});

// JSON that may stand in a <script> element: no "<" is left in it.
std::string script_json(std::string json);

// "sha256-…", as a page's policy names a script that may run (CSP level 3, section 2.3.1).
std::string script_source(std::string_view script);

// "data:image/jpeg;base64,…" by what the bytes begin with; "" for what is no JPEG, PNG or WebP.
std::string data_uri(std::string_view bytes);

// Whether a text is such a URI, of which nothing but letters of base64 follow the comma.
bool is_image_uri(std::string_view text);

}  // namespace stoker::report
