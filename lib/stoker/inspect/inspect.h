// What is in a data set: every image is read and decoded once, over all processors.
//
//   Inspection found = inspect(*dataset);
//   found.classes[0].images, found.mean, found.std, found.unreadable
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/decode/decode.h"

namespace stoker::inspect {

struct Unreadable {
  int64_t index = 0;
  std::string name;
  std::string reason;
};

struct ClassCount {
  std::string name;
  int64_t images = 0;
};

struct ImageSize {
  int32_t width = 0, height = 0;
  auto operator<=>(const ImageSize&) const = default;
};

struct Inspection {
  int64_t images = 0;  // all, unreadable ones too
  std::vector<ClassCount> classes;
  std::map<ImageSize, int64_t> sizes;    // upright
  std::map<std::string, int64_t> modes;  // as stored: "RGB", "L", "CMYK", …
  int64_t encoded_bytes = 0;             // of the files; 0 where pixels are stored plainly
  int64_t decoded_bytes = 0;
  // Over all pixels of all images, in [0, 1], ready for augment.normalize. Grayscale counts as
  // three equal channels.
  std::array<double, 3> mean{};
  std::array<double, 3> std{};
  std::vector<Unreadable> unreadable;  // by index
};

// Called with the images that are done, and of how many; by one thread at a time.
using Report = std::function<void(int64_t done, int64_t of)>;

// threads: 0 for usable_cpus(). Sums are of integers, so the result does not depend on the threads.
Inspection inspect(const data::Dataset& dataset, const decode::DecodeLimits& limits = {},
                   int threads = 0, const Report& report = {});

// Only what cannot be read or decoded, by index.
std::vector<Unreadable> verify(const data::Dataset& dataset,
                               const decode::DecodeLimits& limits = {}, int threads = 0,
                               const Report& report = {});

}  // namespace stoker::inspect
