#include "stoker/callbacks/tensorboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <protozero/pbf_writer.hpp>
#include <utility>
#include <vector>

#include "stoker/callbacks/memory.h"
#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;
using Scalars = std::vector<std::pair<std::string_view, double>>;

// Field numbers of tensorflow's event.proto and summary.proto.
namespace field {
constexpr protozero::pbf_tag_type kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5,
                                  kSessionLog = 7;             // of Event
constexpr protozero::pbf_tag_type kValue = 1;                  // of Summary
constexpr protozero::pbf_tag_type kTag = 1, kSimpleValue = 2;  // of Summary.Value
constexpr protozero::pbf_tag_type kStatus = 1;                 // of SessionLog
}  // namespace field
constexpr int32_t kSessionStart = 1;  // SessionLog.START

double wall_time_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Little-endian bytes of a number, as TFRecord has them.
template <class T>
std::string little_endian(T value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
  return bytes;
}

// TFRecord's masked CRC, so that a CRC of data that holds CRCs stays useful.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(as_bytes(bytes));
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

class TensorBoard : public train::Callback {
 public:
  explicit TensorBoard(const std::filesystem::path& folder) {
    std::array<char, 128> host{};
    ::gethostname(host.data(), host.size() - 1);
    path_ = folder / fmt::format("events.out.tfevents.{}.{}.{}",
                                 static_cast<int64_t>(wall_time_s()), host.data(), ::getpid());
    file_.open(path_, std::ios::binary | std::ios::trunc);
    std::string event;
    protozero::pbf_writer writer(event);
    writer.add_double(field::kWallTime, wall_time_s());
    writer.add_string(field::kFileVersion, "brain.Event:2");
    write_record(event);
  }

  void observe(Event event, const State& state) override {
    if (event == Event::kFitStart) write_start(state.step);
    if (event == Event::kLog) write_scalars(state.step, train_scalars(state));
    if (event == Event::kEvalDone && state.eval) {
      const metrics::ClassificationResult& r = state.eval->result;
      write_scalars(state.eval->step,
                    {{"val/loss", r.loss}, {"val/top1", r.top1}, {"val/top5", r.top5}});
    }
  }

 private:
  static Scalars train_scalars(const State& state) {
    const train::LogWindow& w = state.window;
    Scalars scalars{{"train/lr", w.lr},
                    {"train/images_per_s", static_cast<double>(w.images) / w.time_s},
                    {"train/data_wait", w.data_wait_s / w.time_s},
                    {"train/memory_gib", memory_gib(state.device)}};
    if (w.loss_images > 0) {
      scalars.emplace_back("train/loss", w.loss_sum / static_cast<double>(w.loss_images));
    }
    return scalars;
  }

  // TensorBoard drops what earlier files hold of later steps.
  void write_start(int64_t step) {
    std::string event;
    protozero::pbf_writer writer(event);
    writer.add_double(field::kWallTime, wall_time_s());
    writer.add_int64(field::kStep, step + 1);
    {
      protozero::pbf_writer session(writer, field::kSessionLog);
      session.add_enum(field::kStatus, kSessionStart);
    }
    write_record(event);
  }

  void write_scalars(int64_t step, const Scalars& scalars) {
    std::string event;
    protozero::pbf_writer writer(event);
    writer.add_double(field::kWallTime, wall_time_s());
    writer.add_int64(field::kStep, step);
    {
      protozero::pbf_writer summary(writer, field::kSummary);
      for (const auto& [tag, number] : scalars) {
        protozero::pbf_writer value(summary, field::kValue);
        value.add_string(field::kTag, tag.data(), tag.size());
        value.add_float(field::kSimpleValue, static_cast<float>(number));
      }
    }
    write_record(event);
  }

  void write_record(const std::string& data) {
    const std::string length = little_endian(static_cast<uint64_t>(data.size()));
    file_ << length << little_endian(masked_crc(length)) << data << little_endian(masked_crc(data))
          << std::flush;
    if (!file_) throw FileError(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  }

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace

std::unique_ptr<train::Callback> make_tensorboard(const std::filesystem::path& folder) {
  return std::make_unique<TensorBoard>(folder);
}

}  // namespace stoker::callbacks
