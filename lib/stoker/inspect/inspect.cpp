#include "stoker/inspect/inspect.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/parallel.h"
#include "stoker/data/label_sets.h"

namespace stoker::inspect {
namespace {

// What one thread has seen. Sums of squares of 2^47 pixels fit.
struct Tally {
  Inspection found;
  std::array<uint64_t, 3> sum{}, sum_of_squares{};
  uint64_t pixels = 0;

  decode::Decoder decoder;
  std::vector<std::byte> file;
  std::vector<uint8_t> buffer;

  explicit Tally(const decode::DecodeLimits& limits) : decoder(limits) {}
  void add_image(const data::Dataset& dataset, int64_t index);
  void add_pixels(const kernels::ImageView& image);
};

std::string_view mode_of_pixels(int32_t channels) { return channels == 1 ? "L" : "RGB"; }

void Tally::add_pixels(const kernels::ImageView& image) {
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels + y * image.row_bytes;
    std::array<uint64_t, 3> row_sum{}, row_squares{};
    for (int32_t x = 0; x < image.width; ++x)
      for (int32_t c = 0; c < image.channels; ++c) {
        const uint64_t value = row[x * image.channels + c];
        row_sum[static_cast<size_t>(c)] += value;
        row_squares[static_cast<size_t>(c)] += value * value;
      }
    for (size_t c = 0; c < 3; ++c) {
      const size_t source = image.channels == 1 ? 0 : c;
      sum[c] += row_sum[source];
      sum_of_squares[c] += row_squares[source];
    }
  }
  pixels += static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height);
}

void Tally::add_image(const data::Dataset& dataset, int64_t index) {
  try {
    dataset.verify(index);
    const data::Record record = dataset.get(index, file);
    kernels::ImageView image = record.pixels;
    std::string_view mode = mode_of_pixels(image.channels);
    if (!record.is_decoded()) {
      const std::string name = dataset.name(index);
      mode = decoder.probe(record.encoded, name).mode;
      image = decoder.decode(record.encoded, name, buffer);
      found.encoded_bytes += static_cast<int64_t>(record.encoded.size());
    }
    ++found.modes[std::string(mode)];
    ++found.sizes[{image.width, image.height}];
    found.decoded_bytes += int64_t{image.width} * image.height * image.channels;
    add_pixels(image);
  } catch (const DataError& error) {
    found.unreadable.push_back({index, dataset.name(index), error.what()});
  } catch (const FileError& error) {
    found.unreadable.push_back({index, dataset.name(index), error.what()});
  }
}

// One tally a thread, handed to whichever piece of work comes next.
std::vector<std::unique_ptr<Tally>> tally_all(const data::Dataset& dataset,
                                              const decode::DecodeLimits& limits, int threads,
                                              const Report& report) {
  constexpr int64_t kPiece = 64;
  std::vector<std::unique_ptr<Tally>> idle;
  std::mutex mutex;
  int64_t done = 0;
  const int64_t pieces = (dataset.size() + kPiece - 1) / kPiece;
  parallel_for(pieces, threads > 0 ? threads : usable_cpus(), [&](int64_t piece) {
    std::unique_ptr<Tally> tally;
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        tally = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (!tally) tally = std::make_unique<Tally>(limits);
    const int64_t end = std::min(dataset.size(), (piece + 1) * kPiece);
    for (int64_t i = piece * kPiece; i < end; ++i) tally->add_image(dataset, i);
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(tally));
    done += end - piece * kPiece;
    if (report) report(done, dataset.size());
  });
  return idle;
}

void merge(const Tally& from, Tally& into) {
  for (const auto& [size, count] : from.found.sizes) into.found.sizes[size] += count;
  for (const auto& [mode, count] : from.found.modes) into.found.modes[mode] += count;
  into.found.encoded_bytes += from.found.encoded_bytes;
  into.found.decoded_bytes += from.found.decoded_bytes;
  into.found.unreadable.insert(into.found.unreadable.end(), from.found.unreadable.begin(),
                               from.found.unreadable.end());
  for (size_t c = 0; c < 3; ++c) {
    into.sum[c] += from.sum[c];
    into.sum_of_squares[c] += from.sum_of_squares[c];
  }
  into.pixels += from.pixels;
}

Tally tally_merged(const data::Dataset& dataset, const decode::DecodeLimits& limits, int threads,
                   const Report& report) {
  Tally total(limits);
  for (const auto& tally : tally_all(dataset, limits, threads, report)) merge(*tally, total);
  std::ranges::sort(total.found.unreadable, {}, &Unreadable::index);
  return total;
}

}  // namespace

Inspection inspect(const data::Dataset& dataset, const decode::DecodeLimits& limits, int threads,
                   const Report& report) {
  Tally total = tally_merged(dataset, limits, threads, report);
  Inspection& found = total.found;
  found.images = dataset.size();
  const std::vector<int64_t> images = data::images_by_class(dataset);
  for (size_t c = 0; c < images.size(); ++c)
    found.classes.push_back({dataset.class_names()[c], images[c]});
  for (size_t c = 0; c < 3 && total.pixels > 0; ++c) {
    const auto pixels = static_cast<long double>(total.pixels);
    const long double mean = static_cast<long double>(total.sum[c]) / pixels;
    const long double square = static_cast<long double>(total.sum_of_squares[c]) / pixels;
    found.mean[c] = static_cast<double>(mean / 255);
    found.std[c] = static_cast<double>(std::sqrt(std::max(square - mean * mean, 0.0L)) / 255);
  }
  return std::move(found);
}

std::vector<Unreadable> verify(const data::Dataset& dataset, const decode::DecodeLimits& limits,
                               int threads, const Report& report) {
  return std::move(tally_merged(dataset, limits, threads, report).found.unreadable);
}

}  // namespace stoker::inspect
