#include "stoker/report/page_frame.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "stoker/core/json_text.h"
#include "stoker/core/version.h"
#include "stoker/report/assets.h"
#include "stoker/report/html.h"

namespace stoker::report {

namespace {

std::string navigation(const std::vector<Section>& sections) {
  std::string links;
  for (const Section& section : sections) {
    if (!section.content.empty())
      links += element("a", html_text(section.title), {{"href", "#" + section.id}});
  }
  return element("nav", links, {{"aria-label", "Sections"}});
}

// Only these scripts run, whatever else may have come into the page.
std::string policy(std::string_view script, bool is_live) {
  return fmt::format(
      "{}default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{}'; "
      "base-uri 'none'; form-action 'none'",
      is_live ? "connect-src 'self'; " : "", script_source(script));
}

}  // namespace

std::string page_html(const Page& page) {
  std::string script = std::string(charts_script()) + std::string(report_script());
  if (page.is_live) script += live_script();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string body;
  for (const Section& section : page.sections) {
    if (section.content.empty()) continue;
    body += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">"
        "{1}</h2>\n{2}</section>\n",
        html_text(section.id), html_text(section.title), section.content);
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n"
      "<header class=\"top\">{head}{navigation}</header>\n<main id=\"main\">\n{body}</main>\n"
      "<footer>Written by stoker {version}, {now:%Y-%m-%d %H:%M} UTC. This file is whole: it loads "
      "nothing.</footer>\n<noscript><p>Charts are drawn by a script, which is switched off "
      "here.</p></noscript>\n"
      "<script type=\"application/json\" id=\"data\">{data}</script>\n"
      "<script>{script}</script>\n</body>\n</html>\n",
      fmt::arg("policy", html_text(policy(script, page.is_live))),
      fmt::arg("title", html_text(page.title)), fmt::arg("style", report_style()),
      fmt::arg("head", page.head), fmt::arg("navigation", navigation(page.sections)),
      fmt::arg("body", body), fmt::arg("version", html_text(build_info().version)),
      fmt::arg("now", fmt::gmtime(now)), fmt::arg("data", script_json(json_text(page.data))),
      fmt::arg("script", script));
}

std::string table_html(const std::vector<std::string>& heads, const std::vector<Row>& rows,
                       const TableStyle& style) {
  std::string head;
  for (const std::string& word : heads) head += element("th", html_text(word), {{"scope", "col"}});
  std::string body;
  for (size_t r = 0; r < rows.size(); ++r) {
    const bool has_own = r < style.row_attributes.size();
    body += fmt::format("<tr{}>", has_own ? style.row_attributes[r] : "");
    for (const Cell& cell : rows[r]) {
      Attributes attributes;
      if (!cell.sort_by.empty()) attributes.emplace_back("data-v", cell.sort_by);
      if (!cell.classes.empty()) attributes.emplace_back("class", cell.classes);
      body += element("td", cell.html, attributes);
    }
    body += "</tr>\n";
  }
  const std::string caption =
      style.caption.empty() ? ""
                            : element("caption", html_text(style.caption), {{"class", "heard"}});
  const std::string classes =
      fmt::format("{}{}", style.sortable ? "sortable " : "", style.numbers ? "numbers" : "words");
  return element(
      "div",
      element("table",
              fmt::format("{}<thead><tr>{}</tr></thead><tbody>{}</tbody>", caption, head, body),
              {{"class", classes}}),
      {{"class", "scroll"},
       {"tabindex", "0"},
       {"role", "region"},
       {"aria-label", style.caption.empty() ? "table" : style.caption}});
}

}  // namespace stoker::report
