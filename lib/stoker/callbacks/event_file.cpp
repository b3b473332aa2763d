#include "stoker/callbacks/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <protozero/pbf_writer.hpp>

#include "stoker/config/values.h"
#include "stoker/core/crc32c.h"
#include "stoker/core/shown.h"

namespace stoker::callbacks {

namespace {

using Tag = protozero::pbf_tag_type;

// Field numbers of tensorflow's event.proto and summary.proto.
namespace event {
constexpr Tag kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace summary {
constexpr Tag kValue = 1;
}
namespace value {
constexpr Tag kTag = 1, kSimpleValue = 2, kImage = 4, kHistogram = 5, kTensor = 8, kMetadata = 9;
}
namespace image {
constexpr Tag kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4;
constexpr int32_t kRgb = 3;
}  // namespace image
namespace histogram {
constexpr Tag kMin = 1, kMax = 2, kCount = 3, kSum = 4, kSumOfSquares = 5, kLimits = 6,
              kBuckets = 7;
}
namespace session {
constexpr Tag kStatus = 1;
constexpr int32_t kStart = 1;
}  // namespace session

// Of TensorBoard's hparams/plugin_data.proto, and of what such data stand in.
namespace plugin {
constexpr Tag kPluginData = 1, kName = 1, kContent = 2;
constexpr Tag kSessionStart = 3, kSessionEnd = 4;
constexpr Tag kParameters = 1, kStartTime = 5, kStatus = 1, kEndTime = 2;
constexpr Tag kKey = 1, kValue = 2, kNumber = 2, kText = 3;
constexpr Tag kDtype = 1, kShape = 2, kDimension = 2, kSize = 1;
constexpr int32_t kFloat = 1, kSuccess = 1, kFailure = 2;
}  // namespace plugin

double wall_time_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string file_name() {
  std::array<char, 128> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("events.out.tfevents.{}.{}.{}", static_cast<int64_t>(wall_time_s()),
                     host.data(), ::getpid());
}

// Little-endian bytes of a number, as TFRecord has them.
template <class T>
std::string little_endian(T number) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xFF);
  return bytes;
}

// TFRecord's masked CRC, so that a CRC of data that holds CRCs stays useful.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(as_bytes(bytes));
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

// An Event whose summary holds what `add_values` writes.
template <class AddValues>
std::string summary_event(int64_t step, const AddValues& add_values) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_double(event::kWallTime, wall_time_s());
  writer.add_int64(event::kStep, step);
  {
    protozero::pbf_writer values(writer, event::kSummary);
    add_values(values);
  }
  return bytes;
}

// A summary of the hparams plugin: its data stand in the metadata, the tensor is empty.
std::string hparams_event(std::string_view tag, const std::string& data) {
  return summary_event(0, [&](protozero::pbf_writer& values) {
    protozero::pbf_writer one(values, summary::kValue);
    one.add_string(value::kTag, tag.data(), tag.size());
    {
      protozero::pbf_writer tensor(one, value::kTensor);
      tensor.add_enum(plugin::kDtype, plugin::kFloat);
      protozero::pbf_writer shape(tensor, plugin::kShape);
      protozero::pbf_writer dimension(shape, plugin::kDimension);
      dimension.add_int64(plugin::kSize, 0);
    }
    protozero::pbf_writer metadata(one, value::kMetadata);
    protozero::pbf_writer plugin_data(metadata, plugin::kPluginData);
    plugin_data.add_string(plugin::kName, "hparams");
    plugin_data.add_bytes(plugin::kContent, data);
  });
}

}  // namespace

EventFile::EventFile(FileSystem& files, const std::filesystem::path& folder)
    : file_(files, folder / file_name()) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_double(event::kWallTime, wall_time_s());
  writer.add_string(event::kFileVersion, "brain.Event:2");
  write_record(bytes);
}

void EventFile::start_at(int64_t step) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_double(event::kWallTime, wall_time_s());
  writer.add_int64(event::kStep, step + 1);
  {
    protozero::pbf_writer log(writer, event::kSessionLog);
    log.add_enum(session::kStatus, session::kStart);
  }
  write_record(bytes);
}

void EventFile::write_scalars(int64_t step, const Scalars& scalars) {
  write_record(summary_event(step, [&](protozero::pbf_writer& values) {
    for (const auto& [tag, number] : scalars) {
      protozero::pbf_writer one(values, summary::kValue);
      one.add_string(value::kTag, tag.data(), tag.size());
      one.add_float(value::kSimpleValue, static_cast<float>(number));
    }
  }));
}

void EventFile::write_image(int64_t step, std::string_view tag, std::span<const std::byte> png,
                            int32_t width, int32_t height) {
  write_record(summary_event(step, [&](protozero::pbf_writer& values) {
    protozero::pbf_writer one(values, summary::kValue);
    one.add_string(value::kTag, tag.data(), tag.size());
    protozero::pbf_writer picture(one, value::kImage);
    picture.add_int32(image::kHeight, height);
    picture.add_int32(image::kWidth, width);
    picture.add_int32(image::kColorspace, image::kRgb);
    picture.add_bytes(image::kEncoded, reinterpret_cast<const char*>(png.data()), png.size());
  }));
}

void EventFile::write_histogram(int64_t step, std::string_view tag, const Histogram& h) {
  write_record(summary_event(step, [&](protozero::pbf_writer& values) {
    protozero::pbf_writer one(values, summary::kValue);
    one.add_string(value::kTag, tag.data(), tag.size());
    protozero::pbf_writer drawn(one, value::kHistogram);
    drawn.add_double(histogram::kMin, h.min);
    drawn.add_double(histogram::kMax, h.max);
    drawn.add_double(histogram::kCount, static_cast<double>(h.count));
    drawn.add_double(histogram::kSum, h.sum);
    drawn.add_double(histogram::kSumOfSquares, h.sum_of_squares);
    drawn.add_packed_double(histogram::kLimits, h.upper_limits.begin(), h.upper_limits.end());
    drawn.add_packed_double(histogram::kBuckets, h.counts.begin(), h.counts.end());
  }));
}

void EventFile::write_hyper_parameters(const HyperParameters& parameters) {
  std::string data;
  protozero::pbf_writer writer(data);
  {
    protozero::pbf_writer start(writer, plugin::kSessionStart);
    for (const auto& [key, text] : parameters) {
      protozero::pbf_writer entry(start, plugin::kParameters);
      entry.add_string(plugin::kKey, shown(key));
      protozero::pbf_writer content(entry, plugin::kValue);
      if (const auto number = config::parse_number(text))
        content.add_double(plugin::kNumber, *number);
      else
        content.add_string(plugin::kText, shown(text));
    }
    start.add_double(plugin::kStartTime, wall_time_s());
  }
  write_record(hparams_event("_hparams_/session_start_info", data));
}

void EventFile::write_session_end(bool is_success) {
  std::string data;
  protozero::pbf_writer writer(data);
  {
    protozero::pbf_writer end(writer, plugin::kSessionEnd);
    end.add_enum(plugin::kStatus, is_success ? plugin::kSuccess : plugin::kFailure);
    end.add_double(plugin::kEndTime, wall_time_s());
  }
  write_record(hparams_event("_hparams_/session_end_info", data));
}

void EventFile::write_record(const std::string& data) {
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  file_.append(length + little_endian(masked_crc(length)) + data + little_endian(masked_crc(data)));
}

}  // namespace stoker::callbacks
