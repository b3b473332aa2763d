#include "stoker/report/run_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "stoker/core/json_fields.h"
#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/monitor/verdict.h"
#include "stoker/report/diagnosis.h"
#include "stoker/report/figures.h"
#include "stoker/report/html.h"
#include "stoker/report/page_data.h"
#include "stoker/report/page_frame.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

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

// As the run's end said it; of a run that was killed, or went on since and was, that of its lines.
// One that trains has none yet.
monitor::Verdict verdict_of(const RunRecord& run) {
  if (run.overview.state == runs::RunState::kRunning) return {};
  const auto written = run.summary.find("verdict");
  const bool is_there = written != run.summary.end() && written->is_object();
  if (!is_there || run.overview.reason == "killed") return diagnose(run).verdict;
  return {text_in(*written, "kind"), text_in(*written, "text"), text_in(*written, "advice")};
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
  if (const monitor::Verdict verdict = verdict_of(run); !verdict.text.empty())
    html += element("div",
                    element("strong", html_text(verdict.text)) +
                        (verdict.advice.empty() ? "" : "<br>" + html_text(verdict.advice)),
                    {{"class", "verdict"}});
  if (!run.overview.error.empty())
    html += element("div", html_lines(run.overview.error), {{"class", "error"}});
  return html;
}

std::string confusion_html(const RunRecord& run) {
  if (run.evaluation.empty()) return "";
  if (run.evaluation.contains("map")) return "";  // an image has several labels
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
  std::vector<std::string> names{"class", "images", "precision", "recall", "F1"};
  if (run.evaluation.contains("map"))
    for (const char* name : {"average precision", "best threshold", "F1 there"})
      names.emplace_back(name);
  std::vector<Row> rows;
  for (size_t i = 0; i < per_class.size(); ++i) {
    const std::vector<double> figures = numbers_of(per_class[i]);
    if (figures.size() + 1 != names.size()) continue;
    Row row{{html_text(class_name(run.evaluation, static_cast<double>(i)))},
            {fmt::format("{:.0f}", figures[0])}};
    for (size_t f = 1; f < figures.size(); ++f)
      row.push_back(
          {html_text(value_text(figures[f], Unit::kShare)), fmt::format("{}", figures[f])});
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return "";
  return table_html(names, rows,
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
