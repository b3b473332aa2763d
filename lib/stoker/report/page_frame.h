// The frame of a report's page around its sections.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace stoker::report {

struct Section {
  std::string id, title;  // of the section's element; its title as text
  std::string content;    // HTML
};

struct Page {
  std::string title;  // text
  std::string head;   // HTML below the title
  std::vector<Section> sections;
  nlohmann::ordered_json data;
  bool is_live = false;  // follows the run that serves it
};

// The whole document. Sections without content are left out.
std::string page_html(const Page& page);

// A table whose cells are HTML; those of `numbers` columns but the first stand on the right.
// sortable: by a click on a column's head.
struct Cell {
  std::string html;
  std::string sort_by = {};  // text; "": by what is shown
  std::string classes = {};
};
using Row = std::vector<Cell>;
struct TableStyle {
  bool sortable = false, numbers = false;
  std::string caption = {};                      // for who does not see it
  std::vector<std::string> row_attributes = {};  // HTML, one a row; may be empty
};
std::string table_html(const std::vector<std::string>& heads, const std::vector<Row>& rows,
                       const TableStyle& style = {});

}  // namespace stoker::report
