#include "stoker/report/run_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/report/figures.h"
#include "stoker/report/html.h"
#include "stoker/report/page_data.h"
#include "stoker/report/page_frame.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

std::string text_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<double> number_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

const ordered_json& list_in(const ordered_json& object, const char* key) {
  static const ordered_json none = ordered_json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

// The numbers of a list, NaN for what is none.
std::vector<double> numbers_of(const ordered_json& list) {
  std::vector<double> numbers;
  if (!list.is_array()) return numbers;
  for (const ordered_json& value : list)
    numbers.push_back(value.is_number() ? value.get<double>() : std::nan(""));
  return numbers;
}

std::string class_name(const ordered_json& evaluation, double number) {
  const ordered_json& classes = list_in(evaluation, "classes");
  const bool is_there = number >= 0 && number < static_cast<double>(classes.size());
  if (!is_there || !classes[static_cast<size_t>(number)].is_string())
    return fmt::format("class {:g}", number);
  return classes[static_cast<size_t>(number)].get<std::string>();
}

struct Tile {
  std::string name, value;
};

std::string tile_name(const std::string& figure) {
  if (figure == "images_per_s") return "mean rate";
  if (figure == "train_time_s") return "training time";
  if (figure == "peak_bytes") return "most memory of tensors";
  if (figure == "data_wait") return "waited for data";
  if (figure == "joules_per_image") return "energy an image";
  if (figure == "energy.kwh") return "energy";
  if (figure == "energy.cost") return "cost";
  if (figure == "energy.gco2") return "CO2";
  return figure;
}

std::string picture_html(const ordered_json& example, const std::string& words) {
  const std::string uri = text_in(example, "picture");
  if (!is_image_uri(uri)) return "";
  const auto small = example.find("small");
  const bool is_small = small != example.end() && small->is_boolean() && *small;
  // The URI has been looked at: letters of base64 alone.
  return fmt::format("<img loading=\"lazy\" src=\"{}\" alt=\"{}\" title=\"{}\"{}>", uri,
                     html_text(words), html_text(words), is_small ? " class=\"small\"" : "");
}

bool is_for(const ordered_json& example, std::string_view reason) {
  const ordered_json& why = list_in(example, "why");
  return std::any_of(why.begin(), why.end(), [&](const ordered_json& word) {
    return word.is_string() && word.get_ref<const std::string&>() == reason;
  });
}

// A picture with its label and the network's guesses.
std::string example_html(const ordered_json& evaluation, const ordered_json& example) {
  const double truth = number_in(example, "label").value_or(-1);
  const std::string name = class_name(evaluation, truth);
  std::string guesses;
  for (const ordered_json& guess : list_in(example, "guesses")) {
    const std::vector<double> pair = numbers_of(guess);
    if (pair.size() != 2) continue;
    const double share = std::clamp(std::isnan(pair[1]) ? 0.0 : pair[1], 0.0, 1.0);
    guesses += element(
        "span", html_text(fmt::format("{} {:.1f}%", class_name(evaluation, pair[0]), 100 * share)),
        {{"class", pair[0] == truth ? "guess right" : "guess"},
         {"style", fmt::format("--p:{:.1f}%", 100 * share)}});
  }
  return element("li", picture_html(example, text_in(example, "file")) +
                           element("div", html_text(name), {{"class", "truth"}}) + guesses);
}

std::string gallery(const ordered_json& evaluation, std::string_view reason,
                    const std::string& title, const std::string& words) {
  std::string items;
  for (const ordered_json& example : list_in(evaluation, "examples"))
    if (example.is_object() && is_for(example, reason)) items += example_html(evaluation, example);
  if (items.empty()) return "";
  return element("h3", html_text(title)) + element("p", html_text(words), {{"class", "sub"}}) +
         element("ul", items, {{"class", "gallery"}});
}

struct Pair {
  double truth, guess, count;
};

std::vector<Pair> worst_pairs(const ordered_json& evaluation) {
  std::vector<Pair> pairs;
  for (const ordered_json& cell : list_in(evaluation, "confusion")) {
    const std::vector<double> numbers = numbers_of(cell);
    if (numbers.size() == 3 && numbers[0] != numbers[1])
      pairs.push_back({numbers[0], numbers[1], numbers[2]});
  }
  std::ranges::stable_sort(pairs, std::greater{}, &Pair::count);
  constexpr size_t kMost = 20;
  if (pairs.size() > kMost) pairs.resize(kMost);
  return pairs;
}

std::string pictures_of(const ordered_json& evaluation, const Pair& pair) {
  std::string pictures;
  for (const ordered_json& example : list_in(evaluation, "examples")) {
    if (!example.is_object() || number_in(example, "label") != pair.truth) continue;
    const ordered_json& guesses = list_in(example, "guesses");
    const std::vector<double> first =
        guesses.empty() ? std::vector<double>() : numbers_of(guesses[0]);
    if (first.empty() || first[0] != pair.guess) continue;
    pictures += picture_html(example, text_in(example, "file"));
    if (std::ranges::count(pictures, '<') == 3) break;
  }
  return element("div", pictures, {{"class", "pair"}});
}

std::string pairs_html(const ordered_json& evaluation) {
  const std::vector<Pair> pairs = worst_pairs(evaluation);
  if (pairs.empty()) return element("p", "No image was taken for another class.");
  const ordered_json& per_class = list_in(evaluation, "per_class");
  std::vector<Row> rows;
  for (const Pair& pair : pairs) {
    const auto row = static_cast<size_t>(std::max(pair.truth, 0.0));
    const std::vector<double> figures =
        row < per_class.size() ? numbers_of(per_class[row]) : std::vector<double>();
    const double share = !figures.empty() && figures[0] > 0 ? pair.count / figures[0] : 0;
    rows.push_back(
        {{html_text(class_name(evaluation, pair.truth))},
         {html_text(class_name(evaluation, pair.guess))},
         {html_text(fmt::format("{:.0f}", pair.count)), "", "number"},
         {html_text(value_text(share, Unit::kShare)), fmt::format("{}", share), "number"},
         {pictures_of(evaluation, pair)}});
  }
  return table_html({"label", "taken for", "images", "share of the label", "some of them"}, rows,
                    {.sortable = true, .caption = "Pairs of classes that are confused most"});
}

// A line of the configuration with the place that it comes from.
std::string config_line(const std::string& line) {
  const size_t at = line.rfind("  # ");
  if (at == std::string::npos) return html_text(line) + "\n";
  const bool is_default = line.substr(at + 4) == "default";
  const size_t end = line.find_last_not_of(' ', at) + 1;
  const std::string value = html_text(line.substr(0, end));
  return (is_default ? value : element("span", value, {{"class", "set"}})) +
         element("span", html_text(line.substr(end)), {{"class", "from"}}) + "\n";
}

void add_rows(const ordered_json& value, const std::string& name, std::vector<Row>& rows) {
  if (value.is_object()) {
    for (const auto& [key, item] : value.items())
      add_rows(item, name.empty() ? key : fmt::format("{} {}", name, key), rows);
    return;
  }
  const bool is_words =
      value.is_array() && std::all_of(value.begin(), value.end(),
                                      [](const ordered_json& item) { return item.is_string(); });
  if (value.is_array() && !is_words) {
    for (size_t i = 0; i < value.size(); ++i)
      add_rows(value[i], fmt::format("{} {}", name, i), rows);
    return;
  }
  std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
  if (is_words) {
    text.clear();
    for (const ordered_json& word : value)
      text += fmt::format("{}{}", text.empty() ? "" : " ", word.get<std::string>());
  }
  rows.push_back({{html_text(name)}, {html_text(text)}});
}

std::string object_table(const ordered_json& object, const std::string& caption) {
  std::vector<Row> rows;
  add_rows(object, "", rows);
  return table_html({"what", "value"}, rows, {.caption = caption});
}

}  // namespace

std::string tiles_html(const RunRecord& run) {
  std::vector<Tile> tiles;
  for (const Figure& figure : figures_of(run))
    tiles.push_back({tile_name(figure.name), value_text(figure.value, figure.unit)});
  tiles.push_back({"steps", human_count(run.overview.step)});
  std::string items;
  for (const Tile& tile : tiles)
    items +=
        element("li", element("b", html_text(tile.value)) + element("span", html_text(tile.name)));
  return element("ul", items, {{"class", "tiles"}});
}

std::string verdict_html(const RunRecord& run) {
  std::string html;
  if (const auto verdict = run.summary.find("verdict");
      verdict != run.summary.end() && verdict->is_object()) {
    const std::string advice = text_in(*verdict, "advice");
    html += element("div",
                    element("strong", html_text(text_in(*verdict, "text"))) +
                        (advice.empty() ? "" : "<br>" + html_text(advice)),
                    {{"class", "verdict"}});
  }
  if (!run.overview.error.empty())
    html += element("div", html_lines(run.overview.error), {{"class", "error"}});
  return html;
}

std::string confusion_html(const RunRecord& run) {
  if (run.evaluation.empty()) return "";
  if (list_in(run.evaluation, "confusion").empty())
    return element("p", "There are too many classes to count the pairs.");
  return element("div",
                 "<div id=\"confusion\"></div>\n<div><h3>Confused most</h3>" +
                     pairs_html(run.evaluation) + "</div>",
                 {{"class", "columns"}});
}

std::string calibration_html(const RunRecord& run) {
  if (list_in(run.evaluation, "calibration").empty()) return "";
  const auto ece = run.evaluation.find("ece");
  const std::string error =
      ece != run.evaluation.end() && ece->is_number()
          ? fmt::format("Expected calibration error {:.4f}. ", ece->get<double>())
          : "";
  return element("p",
                 html_text(error +
                           "Bars: how often the network is right at each confidence; on the dashed "
                           "line it is as sure as it should be, and the shaded part is what is "
                           "missing. Below: how many images are in each."),
                 {{"class", "sub"}}) +
         "<div id=\"calibration\"></div>";
}

std::string classes_html(const RunRecord& run) {
  const ordered_json& per_class = list_in(run.evaluation, "per_class");
  std::vector<Row> rows;
  for (size_t i = 0; i < per_class.size(); ++i) {
    const std::vector<double> figures = numbers_of(per_class[i]);
    if (figures.size() != 4) continue;
    Row row{{html_text(class_name(run.evaluation, static_cast<double>(i)))},
            {fmt::format("{:.0f}", figures[0])}};
    for (size_t f = 1; f < 4; ++f)
      row.push_back(
          {html_text(value_text(figures[f], Unit::kShare)), fmt::format("{}", figures[f])});
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return "";
  return table_html({"class", "images", "precision", "recall", "F1"}, rows,
                    {.sortable = true, .numbers = true, .caption = "Figures of each class"});
}

std::string examples_html(const RunRecord& run) {
  return gallery(run.evaluation, "wrong", "Most wrong",
                 "Images whose label the network gives the least chance. Look for labels that are "
                 "wrong themselves.") +
         gallery(run.evaluation, "uncertain", "Most uncertain",
                 "Images whose two best guesses are nearest to each other.");
}

std::string batch_html(const RunRecord& run) {
  const std::string uri = data_uri(run.batch);
  if (uri.empty()) return "";
  return element("p", "The first images that were trained on, after all augmentations.",
                 {{"class", "sub"}}) +
         fmt::format(
             "<img class=\"batch\" loading=\"lazy\" alt=\"Images of a training batch with "
             "their labels\" src=\"{}\">",
             uri);
}

std::string plan_html(const RunRecord& run) {
  std::string html =
      run.plan.empty() ? "" : element("pre", html_lines(run.plan), {{"tabindex", "0"}});
  if (!run.warnings.empty()) {
    std::string items;
    constexpr size_t kMost = 50;
    for (size_t i = 0; i < std::min(run.warnings.size(), kMost); ++i)
      items += element("li", html_text(run.warnings[i]));
    html += "<h3>Warnings</h3>" + element("ul", items);
  }
  return html;
}

std::string config_html(const RunRecord& run) {
  if (run.config_text.empty()) return "";
  std::istringstream lines(run.config_text);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += config_line(line);
  return element("pre", text, {{"tabindex", "0"}});
}

std::string environment_html(const RunRecord& run) {
  std::string html;
  if (const auto energy = run.summary.find("energy");
      energy != run.summary.end() && energy->is_object() && !energy->empty())
    html += "<h3>Energy</h3>" + object_table(*energy, "Energy of the run");
  if (run.environment.empty()) return html;
  ordered_json now = run.environment;
  now.erase("earlier");
  html += "<h3>Machine and versions</h3>" + object_table(now, "Machine and versions");
  const ordered_json& earlier = list_in(run.environment, "earlier");
  for (size_t i = 0; i < earlier.size(); ++i) {
    if (!earlier[i].is_object()) continue;
    html += element("details",
                    element("summary", html_text(fmt::format("Start {}, {}", i + 1,
                                                             text_in(earlier[i], "time_utc")))) +
                        object_table(earlier[i], "An earlier start"));
  }
  return html;
}

void add_evaluation_data(const RunRecord& run, ordered_json& data) {
  ordered_json names = ordered_json::array(), cells = names, bins = names;
  for (const ordered_json& name : list_in(run.evaluation, "classes"))
    names.push_back(name.is_string() ? shown(name.get<std::string>()) : "");
  const auto classes = static_cast<double>(names.size());
  for (const ordered_json& cell : list_in(run.evaluation, "confusion")) {
    const std::vector<double> numbers = numbers_of(cell);
    const bool is_cell = numbers.size() == 3 && numbers[0] >= 0 && numbers[1] >= 0 &&
                         numbers[0] < classes && numbers[1] < classes;
    if (is_cell) cells.push_back(cell);
  }
  for (const ordered_json& bin : list_in(run.evaluation, "calibration"))
    if (numbers_of(bin).size() == 3) bins.push_back(bin);
  if (!cells.empty()) data["confusion"] = {{"classes", names}, {"cells", cells}};
  if (!bins.empty()) data["calibration"] = bins;
}

}  // namespace stoker::report
