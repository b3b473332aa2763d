#include "stoker/models/mobile_spec.h"

#include <charconv>
#include <string>

#include "stoker/core/error.h"

namespace stoker::models {
namespace {

// The pieces of `text` between any of `separators`, without empty ones.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> pieces;
  while (true) {
    const size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return pieces;
    text.remove_prefix(begin);
    const size_t end = text.find_first_of(separators);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end);
  }
}

template <class Number>
Number number(std::string_view digits) {
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  STOKER_CHECK(error == std::errc{} && end == digits.data() + digits.size(), "read {}", digits);
  return value;
}

MobileKind kind_of(std::string_view word) {
  if (word == "cn") return MobileKind::kConv;
  if (word == "ds") return MobileKind::kSeparable;
  if (word == "ir") return MobileKind::kInverted;
  if (word == "er") return MobileKind::kEdge;
  if (word == "uir") return MobileKind::kUniversal;
  if (word == "mqa") return MobileKind::kAttention;
  throw InternalError(fmt::format("no such block: {}", word));
}

void set(MobileSpec& spec, std::string_view word) {
  if (word == "nre") {
    spec.activation = nn::Activation::kRelu;
  } else if (word == "skip" || word == "noskip") {
    spec.skip = word == "skip";
  } else if (word.starts_with("se")) {
    spec.squeeze = number<double>(word.substr(2));
  } else if (word.front() == 'e') {
    spec.expansion = number<double>(word.substr(1));
  } else {
    const auto value = number<int64_t>(word.substr(1));
    switch (word.front()) {
      case 'r':
        spec.repeats = value;
        return;
      case 'k':
        spec.kernel = value;
        return;
      case 'a':
        spec.start_kernel = value;
        return;
      case 's':
        spec.stride = value;
        return;
      case 'c':
        spec.channels = value;
        return;
      case 'h':
        spec.heads = value;
        return;
      case 'd':
        spec.key_width = value;
        return;
      case 'v':
        spec.kv_stride = value;
        return;
      default:
        throw InternalError(fmt::format("no such option of a block: {}", word));
    }
  }
}

MobileSpec parse_block(std::string_view text) {
  const std::vector<std::string_view> words = split(text, "_");
  MobileSpec spec;
  spec.kind = kind_of(words.front());
  for (size_t i = 1; i < words.size(); ++i) set(spec, words[i]);
  return spec;
}

}  // namespace

std::vector<MobileStage> parse_stages(std::string_view text) {
  std::vector<MobileStage> stages;
  for (const std::string_view stage : split(text, "|")) {
    MobileStage& blocks = stages.emplace_back();
    for (const std::string_view block : split(stage, " ")) blocks.push_back(parse_block(block));
  }
  return stages;
}

}  // namespace stoker::models
