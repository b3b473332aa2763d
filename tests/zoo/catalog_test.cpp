#include "stoker/zoo/catalog.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "stoker/zoo/listing.h"
#include "support/catch.h"

namespace stoker::zoo {
namespace {

std::vector<std::string> names(std::string_view pattern) {
  std::vector<std::string> found;
  for (const CatalogEntry* entry : find_models(pattern)) found.emplace_back(entry->name);
  return found;
}

TEST_CASE("models are found by a part of their name or a pattern", "[zoo]") {
  CHECK(find_models("").size() == catalog().size());
  CHECK(names("regnety_00") ==
        std::vector<std::string>{"regnety_002", "regnety_004", "regnety_006", "regnety_008"});
  CHECK(names("regnet?_032") == std::vector<std::string>{"regnetx_032", "regnety_032"});
  CHECK(names("*101d") == std::vector<std::string>{"resnet101d"});
  CHECK(names("res*18?") == std::vector<std::string>{"resnet18d"});
  CHECK(names("resnet1?").size() == 1);
  CHECK(names("absent").empty());
  CHECK(names("?").empty());
}

TEST_CASE("the catalog is sorted, and says what the papers say", "[zoo]") {
  CHECK(std::is_sorted(catalog().begin(), catalog().end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  const CatalogEntry& entry = *find_models("mobilenetv3_large_100").front();
  CHECK(entry.parameters == 5'483'032);
  CHECK(static_cast<double>(entry.multiply_adds) / 1e6 == Approx(217).margin(1));
  CHECK(entry.size == 224);
  CHECK(entry.interpolation == "bicubic");
  CHECK(entry.mean[0] == 0.485);
}

TEST_CASE("the catalog is listed as text, JSON and Markdown", "[zoo]") {
  const Models models = find_models("resnet20");
  REQUIRE(models.size() == 1);
  const std::string text = models_text(models);
  CHECK_THAT(text, Catch::StartsWith("model ") && Catch::Contains("\nresnet20 ") &&
                       Catch::Contains("   0.27 "));
  const auto json = nlohmann::json::parse(models_json(models));
  CHECK(json.at("models").at(0).at("name") == "resnet20");
  CHECK(json.at("models").at(0).at("weights").is_null());
  CHECK(json.at("models").at(0).at("parameters") == models.front()->parameters);
  CHECK_THAT(models_markdown(models), Catch::Contains("\n| resnet20 | 0.27 |"));
}

TEST_CASE("docs/models.md is the catalog", "[zoo]") {
  std::ifstream file("docs/models.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  INFO("run: build/stoker models --markdown > docs/models.md");
  CHECK(page == models_markdown(find_models("")));
}

}  // namespace
}  // namespace stoker::zoo
