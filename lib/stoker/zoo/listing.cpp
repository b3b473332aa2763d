#include "stoker/zoo/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/core/table_text.h"

namespace stoker::zoo {
namespace {

using nlohmann::ordered_json;

// Padded on the left, so that digits stand below one another.
std::string figure(double value, int width) { return fmt::format("{:{}.2f}", value, width); }

std::string triple(const std::array<double, 3>& values) {
  if (values[0] == values[1] && values[1] == values[2]) return fmt::format("{:g}", values[0]);
  return fmt::format("{:g} {:g} {:g}", values[0], values[1], values[2]);
}

TextRow row_of(const CatalogEntry& model) {
  constexpr double kMillion = 1e6, kBillion = 1e9;
  return {std::string(model.name),
          figure(static_cast<double>(model.parameters) / kMillion, 7),
          figure(static_cast<double>(model.multiply_adds) / kBillion, 6),
          fmt::format("{}", model.size),
          fmt::format("{:g}", model.crop),
          std::string(model.interpolation),
          triple(model.mean),
          triple(model.std),
          std::string(model.weights)};
}

const TextRow& heading() {
  static const TextRow names{"model",  "M params", "GMACs", "size",          "crop",
                             "resize", "mean",     "std",   "public weights"};
  return names;
}

std::string markdown_row(const TextRow& cells) {
  std::string line = "|";
  for (const std::string& cell : cells)
    line += fmt::format(" {} |", cell.substr(std::min(cell.find_first_not_of(' '), cell.size())));
  return line + "\n";
}

}  // namespace

std::string models_text(const Models& models) {
  std::vector<TextRow> rows{heading()};
  for (const CatalogEntry* model : models) rows.push_back(row_of(*model));
  return aligned(rows);
}

std::string models_json(const Models& models) {
  ordered_json list = ordered_json::array();
  for (const CatalogEntry* model : models) {
    list.push_back({{"name", model->name},
                    {"classes", model->classes},
                    {"parameters", model->parameters},
                    {"multiply_adds", model->multiply_adds},
                    {"size", model->size},
                    {"crop", model->crop},
                    {"interpolation", model->interpolation},
                    {"mean", model->mean},
                    {"std", model->std},
                    {"weights", model->weights.empty() ? ordered_json(nullptr)
                                                       : ordered_json(model->weights)}});
  }
  return json_text(ordered_json{{"models", list}}, 2) + "\n";
}

std::string models_markdown(const Models& models) {
  std::string text =
      "# Models\n\n"
      "Written by `stoker models --markdown`. Costs are of one image of the size given: learned "
      "values in\n"
      "millions, multiply-adds of convolutions and matrix products in billions, for 1000 classes "
      "(10 "
      "at\n"
      "32 pixels). Size, crop, resize, mean and std are what the public weights were evaluated "
      "with.\n"
      "Parameters have timm's names, torchvision's where timm has no such model.\n\n";
  text += markdown_row(heading()) + "|---|--:|--:|--:|--:|---|---|---|---|\n";
  for (const CatalogEntry* model : models) text += markdown_row(row_of(*model));
  return text;
}

}  // namespace stoker::zoo
