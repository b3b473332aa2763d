// What is known of the models of the table without building them: what they cost, and what images
// their public weights were made for. Written by scripts/model_catalog.py.
//
//   for (const CatalogEntry* entry : find_models("efficientnet*")) …
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace stoker::zoo {

struct CatalogEntry {
  std::string_view name;
  int64_t classes;        // that the costs are for
  int64_t parameters;     // learned values
  int64_t multiply_adds;  // of convolutions and matrix products in a forward pass over one image
  // Of evaluation with the public weights, else of the literature.
  int64_t size;  // side of the images in pixels
  double crop;   // that side over the side that images are resized to
  std::string_view interpolation;
  std::array<double, 3> mean, std;  // of values in [0, 1]
  std::string_view weights;  // where public ones are named so: "timm/resnet50.a1_in1k"; or ""
};

// By name.
std::span<const CatalogEntry> catalog();

// Those whose name holds `pattern`, in which * stands for any letters and ? for one. "" finds all.
std::vector<const CatalogEntry*> find_models(std::string_view pattern);

}  // namespace stoker::zoo
