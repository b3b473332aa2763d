#include "stoker/decode/opencv_module.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <streambuf>
#include <utility>

#include "stoker/decode/alpha.h"

namespace {

// OpenCV's codecs write what goes wrong to std::cerr, past its logger; it comes back as a reason
// instead. Silent on threads that are decoding, std::cerr as it was on all others.
class Muffler : public std::streambuf {
 public:
  explicit Muffler(std::streambuf* to) : to_(to) {}

  static thread_local bool is_decoding;

 protected:
  int_type overflow(int_type c) override {
    if (is_decoding || traits_type::eq_int_type(c, traits_type::eof()))
      return traits_type::not_eof(c);
    return to_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    return is_decoding ? size : to_->sputn(text, size);
  }
  int sync() override { return is_decoding ? 0 : to_->pubsync(); }

 private:
  std::streambuf* to_;
};
thread_local bool Muffler::is_decoding = false;

// While it lives, this thread's writes to std::cerr vanish.
class Quiet {
 public:
  Quiet() {
    // Never deleted: std::cerr is written to until the very end of the process.
    static const bool installed = std::cerr.rdbuf(new Muffler(std::cerr.rdbuf())) != nullptr;
    Muffler::is_decoding = installed;
  }
  ~Quiet() { Muffler::is_decoding = false; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

cv::Mat to_rgb_or_gray(const cv::Mat& decoded, bool has_alpha) {
  cv::Mat image = decoded;
  if (decoded.depth() == CV_16U) decoded.convertTo(image, CV_8U, 255.0 / 65535.0);
  if (image.depth() != CV_8U)
    throw std::runtime_error("pixels of another type than 8-bit or 16-bit integers");
  cv::Mat result;
  switch (image.channels()) {
    case 1:
      result = std::move(image);
      break;
    case 3:
      cv::cvtColor(image, result, cv::COLOR_BGR2RGB);
      break;
    case 4:
      cv::cvtColor(image, result, has_alpha ? cv::COLOR_BGRA2RGBA : cv::COLOR_BGRA2RGB);
      break;
    default:
      throw std::runtime_error(cv::format("%d channels", image.channels()));
  }
  return result.isContinuous() ? result : result.clone();
}

StokerOpencvImage decode(const uint8_t* file, size_t size_bytes, bool has_alpha) {
  const cv::Mat bytes(1, static_cast<int>(size_bytes), CV_8UC1, const_cast<uint8_t*>(file));
  cv::Mat image = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  if (image.empty())
    throw std::runtime_error("OpenCV " CV_VERSION " cannot read it: damaged or of a rare kind");
  image = to_rgb_or_gray(image, has_alpha);
  const size_t count = image.total();
  const int stored_channels = image.channels();
  auto pixels = std::make_unique<uint8_t[]>(count * static_cast<size_t>(stored_channels));
  std::memcpy(pixels.get(), image.data, count * static_cast<size_t>(stored_channels));
  if (stored_channels == 4) stoker::decode::drop_alpha_in_place<3>(pixels.get(), count);
  return {pixels.release(), image.cols, image.rows, stored_channels == 1 ? 1 : 3, {}};
}

}  // namespace

StokerOpencvImage stoker_opencv_decode(const uint8_t* file, size_t size_bytes, int has_alpha) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  const Quiet quiet;
  StokerOpencvImage failed{};
  try {
    return decode(file, size_bytes, has_alpha != 0);
  } catch (const cv::Exception& error) {
    std::snprintf(failed.reason, sizeof failed.reason, "%s", error.err.c_str());
  } catch (const std::exception& error) {
    std::snprintf(failed.reason, sizeof failed.reason, "%s", error.what());
  }
  return failed;
}

void stoker_opencv_release(StokerOpencvImage* image) {
  delete[] image->pixels;
  image->pixels = nullptr;
}
