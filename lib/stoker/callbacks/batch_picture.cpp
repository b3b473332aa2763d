#include "stoker/callbacks/batch_picture.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "stoker/decode/decode.h"
#include "stoker/decode/jpeg_writer.h"
#include "stoker/draw/drawing.h"

namespace stoker::callbacks {

namespace {

constexpr draw::Rgb kPaper{250, 250, 248}, kInk{40, 40, 44};
constexpr int32_t kSmallestTile = 96, kGap = 6, kTextSize = 11, kCaption = 15;

// [n, H, W, C] uint8, contiguous.
at::Tensor pixels_of(const at::Tensor& images, const kernels::Normalization& normalization) {
  const int64_t channels = images.size(1);
  const auto by_channel = [&](const float(&values)[3]) {
    return at::tensor(at::ArrayRef<float>(values, static_cast<size_t>(channels)))
        .view({1, channels, 1, 1});
  };
  const at::Tensor values = images.to(at::kCPU, at::kFloat);
  return ((values - by_channel(normalization.bias)) / by_channel(normalization.scale))
      .round()
      .nan_to_num(0)
      .clamp(0, 255)
      .to(at::kByte)
      .permute({0, 2, 3, 1})
      .contiguous();
}

// Of each image the names of its labels.
std::vector<std::string> captions_of(const at::Tensor& labels, int64_t images,
                                     const std::vector<std::string>& class_names) {
  std::vector<std::string> captions;
  if (labels.dim() == 1) {
    const at::Tensor classes = labels.to(at::kCPU, at::kLong).contiguous();
    for (int64_t i = 0; i < images; ++i)
      captions.push_back(class_names[static_cast<size_t>(classes.const_data_ptr<int64_t>()[i])]);
    return captions;
  }
  const at::Tensor shares = labels.to(at::kCPU, at::kFloat).contiguous();
  const auto row = shares.accessor<float, 2>();
  for (int64_t i = 0; i < images; ++i) {
    std::string caption;
    for (int64_t c = 0; c < shares.size(1); ++c)
      if (row[i][c] > 0)
        caption += (caption.empty() ? "" : ", ") + class_names[static_cast<size_t>(c)];
    captions.push_back(caption);
  }
  return captions;
}

}  // namespace

Picture batch_picture(const at::Tensor& images, const at::Tensor& labels,
                      const std::vector<std::string>& class_names,
                      const kernels::Normalization& normalization, int64_t most,
                      int32_t largest_tile, PictureFormat format) {
  const at::Tensor pixels =
      pixels_of(images.narrow(0, 0, std::min(images.size(0), most)), normalization);
  const auto count = static_cast<int32_t>(pixels.size(0));
  const std::vector<std::string> captions = captions_of(labels, count, class_names);
  const auto height = static_cast<int32_t>(pixels.size(1));
  const auto width = static_cast<int32_t>(pixels.size(2));
  const auto channels = static_cast<int32_t>(pixels.size(3));
  const int32_t longest = std::max(width, height);
  const int32_t tile =
      std::min(longest * std::max(1, (kSmallestTile + longest - 1) / longest), largest_tile);
  const auto columns = static_cast<int32_t>(std::ceil(std::sqrt(count)));
  const int32_t rows = (count + columns - 1) / columns;
  const draw::Lettering letters;
  draw::Drawing drawing(kGap + columns * (tile + kGap), kGap + rows * (tile + kCaption + kGap),
                        kPaper);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t x = kGap + i % columns * (tile + kGap);
    const int32_t y = kGap + i / columns * (tile + kCaption + kGap);
    drawing.place({pixels.const_data_ptr<uint8_t>() + int64_t{i} * height * width * channels, width,
                   height, channels, int64_t{width} * channels},
                  x, y, tile);
    const std::string& caption = captions[static_cast<size_t>(i)];
    drawing.write(letters.picture(letters.fitted(caption, kTextSize, tile), kTextSize), x,
                  y + tile + 1, kInk);
  }
  const kernels::ImageView view = drawing.view();
  return {view.width, view.height,
          format == PictureFormat::kPng ? decode::encode_png(view) : decode::encode_jpeg(view)};
}

}  // namespace stoker::callbacks
