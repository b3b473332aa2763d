// The files of tests/golden/data_images.json and data_formats.json with the pixels they must decode
// to.
#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::test {

struct GoldenImage {
  std::string name, mode;
  std::vector<std::byte> file, pixels;
  int32_t width, height, channels, orientation, tolerance;
};

inline std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline const std::vector<GoldenImage>& golden_images() {
  static const std::vector<GoldenImage> images = [] {
    std::vector<GoldenImage> list;
    for (const char* path : {"tests/golden/data_images.json", "tests/golden/data_formats.json"}) {
      std::ifstream file(path);
      for (const auto& entry : nlohmann::json::parse(file))
        list.push_back({entry.at("name"), entry.at("mode"), from_hex(entry.at("file")),
                        from_hex(entry.at("pixels")), entry.at("width"), entry.at("height"),
                        entry.at("channels"), entry.at("orientation"), entry.at("tolerance")});
    }
    return list;
  }();
  return images;
}

inline const GoldenImage& golden_image(const std::string& name) {
  for (const GoldenImage& image : golden_images())
    if (image.name == name) return image;
  throw std::out_of_range(name);
}

}  // namespace stoker::test
