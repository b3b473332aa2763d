#include "stoker/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "stoker/core/hash.h"
#include "stoker/draw/svg.h"

namespace stoker::report {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kImageTypes[] = {"jpeg", "png", "webp"};

// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](size_t i) -> uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const size_t letters = std::min<size_t>(bytes.size() - i, 3) + 1;
    for (size_t letter = 0; letter < 4; ++letter)
      text += letter < letters ? kBase64[group >> (18 - 6 * letter) & 63] : '=';
  }
  return text;
}

std::string_view image_type(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) return kImageTypes[0];
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return kImageTypes[1];
  if (bytes.size() > 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP")
    return kImageTypes[2];
  return "";
}

}  // namespace

std::string html_text(std::string_view text) { return draw::svg_text(text); }

std::string html_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += html_text(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string element(std::string_view name, std::string_view content, const Attributes& attributes) {
  std::string out = fmt::format("<{}", name);
  for (const auto& [key, value] : attributes)
    out += fmt::format(" {}=\"{}\"", key, html_text(value));
  return out + fmt::format(">{}</{}>", content, name);
}

std::string script_json(std::string json) {
  for (size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at))
    json.replace(at, 1, "\\u003c");
  return json;
}

std::string script_source(std::string_view script) {
  const std::string digits = sha256_hex(as_bytes(script));
  std::string digest;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    digest += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return "sha256-" + base64(digest);
}

std::string data_uri(std::string_view bytes) {
  const std::string_view type = image_type(bytes);
  return type.empty() ? "" : fmt::format("data:image/{};base64,{}", type, base64(bytes));
}

bool is_image_uri(std::string_view text) {
  return std::ranges::any_of(kImageTypes, [&](std::string_view type) {
    const std::string begin = fmt::format("data:image/{};base64,", type);
    return text.starts_with(begin) &&
           std::ranges::all_of(text.substr(begin.size()), [](char letter) {
             return kBase64.find(letter) != std::string_view::npos || letter == '=';
           });
  });
}

}  // namespace stoker::report
