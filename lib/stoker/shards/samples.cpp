#include "stoker/shards/samples.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"

namespace stoker::shards {
namespace {

std::optional<Content> content_of(std::string_view ending) {
  static constexpr std::array<std::string_view, 11> kImages{
      "jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "ppm", "pgm", "pbm", "gif"};
  if (ending == "npy") return Content::kNpy;
  if (std::ranges::find(kImages, ending) != kImages.end()) return Content::kEncoded;
  return std::nullopt;
}

}  // namespace

void Samples::fail(const std::string& key, std::string_view what) const {
  throw DataError(fmt::format("{}: sample '{}': {}", shown(path_), shown(key), what));
}

// Lower case for the ending, as webdataset has it.
std::optional<Samples::Named> Samples::next_named() {
  while (std::optional<TarMember> member = members_.next()) {
    const size_t slash = member->name.rfind('/');
    const size_t begin = slash == std::string::npos ? 0 : slash + 1;
    const size_t dot = member->name.find('.', begin);
    if (dot == std::string::npos || dot == begin) continue;
    Named named{*member, member->name.substr(0, dot), member->name.substr(dot + 1)};
    std::ranges::transform(named.ending, named.ending.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    return named;
  }
  return std::nullopt;
}

int64_t Samples::label_of(const TarMember& member) const {
  const Bytes bytes = Bytes(archive_).subspan(member.offset, member.size_bytes);
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string_view> lines =
      text_lines(content, fmt::format("{}: '{}'", path_, member.name));
  std::erase_if(lines, [](std::string_view line) { return trimmed(line).empty(); });
  const std::string_view text = lines.size() == 1 ? trimmed(lines[0]) : content;
  int64_t label = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (error == std::errc() && end == text.data() + text.size() && label >= 0 &&
      label <= kLargestLabel)
    return label;
  throw DataError(fmt::format("{}: '{}' holds \"{}\", not a class number from 0 to {}",
                              shown(path_), shown(member.name), shown(text.substr(0, 40)),
                              kLargestLabel));
}

void Samples::take(StoredSample& sample, const Named& named) {
  if (!endings_.insert(named.ending).second)
    fail(named.key, fmt::format("'{}' comes twice", named.member.name));
  if (named.ending == "cls") {
    sample.label = label_of(named.member);
    has_label_ = true;
    sample.label_member = sample.others.size();
  }
  if (const std::optional<Content> content = content_of(named.ending)) {
    if (has_image_)
      fail(named.key, fmt::format("two images, '{}' and '{}'; which of them counts is not known",
                                  sample.image.name, named.member.name));
    sample.image = named.member;
    sample.content = *content;
    has_image_ = true;
  } else {
    sample.others.push_back(named.member);
  }
}

std::optional<StoredSample> Samples::next() {
  if (!ahead_) ahead_ = next_named();
  if (!ahead_) return std::nullopt;
  StoredSample sample;
  sample.key = ahead_->key;
  if (!keys_.insert(sample.key).second)
    fail(sample.key,
         "it comes twice, or its members do not stand side by side; pack them in order");
  has_image_ = has_label_ = false;
  endings_.clear();
  while (ahead_ && ahead_->key == sample.key) {
    take(sample, *ahead_);
    ahead_ = next_named();
  }
  if (!has_image_) fail(sample.key, "it has no image (jpg, png, webp, …, or npy)");
  if (!has_label_)
    fail(sample.key, fmt::format("'{}.cls' with its class number is missing", sample.key));
  return sample;
}

}  // namespace stoker::shards
