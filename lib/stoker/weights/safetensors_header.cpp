#include "stoker/weights/safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::weights {
namespace {

using nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLargestHeaderBytes = 100'000'000;  // as the Python library has it
constexpr size_t kLargestRank = 64;                    // of torch's iterators
constexpr std::string_view kMetadataKey = "__metadata__";

[[noreturn]] void refuse(const std::string& what) {
  throw DataError(fmt::format("not a valid safetensors file: {}", what));
}

// A name for a message: hostile ones are long or not printable.
std::string shown(std::string_view name) {
  std::string text = json(name.substr(0, 80)).dump(-1, ' ', true, json::error_handler_t::replace);
  return name.size() > 80 ? text + "…" : text;
}

std::optional<c10::ScalarType> dtype_named(std::string_view name) {
  for (const auto& row : safetensors_dtypes()) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::string_view name_of(c10::ScalarType dtype) {
  for (const auto& row : safetensors_dtypes()) {
    if (row.dtype == dtype) return row.name;
  }
  throw DataError(fmt::format("safetensors has no dtype for {}", c10::toString(dtype)));
}

// Takes the JSON as it is read, in two levels and no more, so that neither duplicate keys nor deep
// nesting get past it:
//   {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n…], "data_offsets": [n, n]}}
class HeaderReader {
 public:
  using number_integer_t = json::number_integer_t;
  using number_unsigned_t = json::number_unsigned_t;
  using number_float_t = json::number_float_t;
  using string_t = json::string_t;
  using binary_t = json::binary_t;

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(size_t) {
    if (place_ == Place::kStart) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && name_ == kMetadataKey) {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      place_ = Place::kTensor;
      header_.tensors.push_back({.name = name_});
      fields_.clear();
      offsets_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& text) {
    if (place_ == Place::kTop) {
      if (!names_.insert(text).second) refuse(fmt::format("{} occurs twice", shown(text)));
      name_ = text;
      return true;
    }
    field_ = text;
    const bool is_new = place_ == Place::kMetadata ? header_.metadata.emplace(text, "").second
                                                   : fields_.insert(text).second;
    if (!is_new) refuse(fmt::format("{} has {} twice", shown(name_), shown(text)));
    if (place_ == Place::kTensor && text != "dtype" && text != "shape" && text != "data_offsets") {
      refuse(fmt::format("{} has the unknown key {}", shown(name_), shown(text)));
    }
    return true;
  }

  bool string(string_t& text) {
    if (place_ == Place::kMetadata) {
      header_.metadata[field_] = text;
    } else if (place_ == Place::kTensor && field_ == "dtype") {
      const auto dtype = dtype_named(text);
      if (!dtype) refuse(fmt::format("{} has the unknown dtype {}", shown(name_), shown(text)));
      header_.tensors.back().dtype = *dtype;
    } else {
      unexpected("text");
    }
    return true;
  }

  bool start_array(size_t) {
    if (place_ != Place::kTensor || field_ == "dtype") unexpected("a list");
    place_ = Place::kNumbers;
    return true;
  }

  bool number_unsigned(number_unsigned_t number) {
    if (place_ != Place::kNumbers) unexpected("a number");
    TensorEntry& tensor = header_.tensors.back();
    if (field_ == "data_offsets") {
      offsets_.push_back(number);
      if (offsets_.size() > 2) refuse(fmt::format("{} has more than two offsets", shown(name_)));
      return true;
    }
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      refuse(fmt::format("{} has the dimension {}", shown(name_), number));
    }
    tensor.shape.push_back(static_cast<int64_t>(number));
    if (tensor.shape.size() > kLargestRank) {
      refuse(fmt::format("{} has more than {} dimensions", shown(name_), kLargestRank));
    }
    return true;
  }

  bool end_array() {
    place_ = Place::kTensor;
    return true;
  }

  bool end_object() {
    if (place_ == Place::kTensor) {
      if (fields_.size() != 3 || offsets_.size() != 2) {
        refuse(fmt::format("{} needs dtype, shape and two data_offsets", shown(name_)));
      }
      header_.tensors.back().begin = offsets_[0];
      header_.tensors.back().end = offsets_[1];
    }
    place_ = place_ == Place::kTop ? Place::kStart : Place::kTop;
    return true;
  }

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("true or false"); }
  bool number_integer(number_integer_t) { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) {
    unexpected("a number that is no whole one below 2^64");
  }
  bool binary(binary_t&) { unexpected("bytes"); }
  bool parse_error(size_t position, const std::string&, const json::exception&) {
    refuse(fmt::format("its header is no JSON at byte {}", kLengthBytes + position));
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kTensor, kNumbers };

  [[noreturn]] void unexpected(const char* what) const {
    if (place_ == Place::kStart) refuse(fmt::format("its header is {}, not an object", what));
    if (place_ == Place::kTop) refuse(fmt::format("{} is {}, not an object", shown(name_), what));
    refuse(fmt::format("{} has {} as its {}", shown(name_), what, shown(field_)));
  }

  SafetensorsHeader header_;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> fields_;
  std::vector<uint64_t> offsets_;
  std::string name_, field_;
  Place place_ = Place::kStart;
};

void check_length(const TensorEntry& tensor) {
  if (tensor.begin > tensor.end) {
    refuse(fmt::format("{} ends at {}, before it begins at {}", shown(tensor.name), tensor.end,
                       tensor.begin));
  }
  // Strides are products too, so a dimension of 0 does not make the others harmless.
  uint64_t span = c10::elementSize(tensor.dtype);
  bool is_empty = false;
  for (const int64_t size : tensor.shape) {
    is_empty = is_empty || size == 0;
    const uint64_t factor = std::max<uint64_t>(static_cast<uint64_t>(size), 1);
    if (span > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / factor) {
      refuse(fmt::format("the shape [{}] of {} is too large", fmt::join(tensor.shape, ", "),
                         shown(tensor.name)));
    }
    span *= factor;
  }
  const uint64_t size_bytes = is_empty ? 0 : span;
  if (tensor.end - tensor.begin != size_bytes) {
    refuse(fmt::format("{} of shape [{}] and dtype {} needs {} bytes, but has {}",
                       shown(tensor.name), fmt::join(tensor.shape, ", "), name_of(tensor.dtype),
                       size_bytes, tensor.end - tensor.begin));
  }
}

// Puts the tensors in the order of their bytes, which must follow one another to the end.
void check_tiling(std::vector<TensorEntry>& tensors, uint64_t data_bytes) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t at = 0;
  for (const TensorEntry& tensor : tensors) {
    if (tensor.begin != at) {
      refuse(fmt::format("{} begins at {}, but what lies before it ends at {}", shown(tensor.name),
                         tensor.begin, at));
    }
    at = tensor.end;
  }
  if (at != data_bytes) {
    refuse(fmt::format("its tensors need {} bytes, but {} follow the header: {}", at, data_bytes,
                       at > data_bytes ? "it was cut short" : "something was appended"));
  }
}

}  // namespace

std::span<const SafetensorsDtype> safetensors_dtypes() {
  using c10::ScalarType;
  static constexpr SafetensorsDtype kDtypes[] = {
      {"BOOL", ScalarType::Bool},
      {"U8", ScalarType::Byte},
      {"I8", ScalarType::Char},
      {"F8_E5M2", ScalarType::Float8_e5m2},
      {"F8_E4M3", ScalarType::Float8_e4m3fn},
      {"F8_E8M0", ScalarType::Float8_e8m0fnu},
      {"F8_E4M3FNUZ", ScalarType::Float8_e4m3fnuz},
      {"F8_E5M2FNUZ", ScalarType::Float8_e5m2fnuz},
      {"I16", ScalarType::Short},
      {"U16", ScalarType::UInt16},
      {"F16", ScalarType::Half},
      {"BF16", ScalarType::BFloat16},
      {"I32", ScalarType::Int},
      {"U32", ScalarType::UInt32},
      {"F32", ScalarType::Float},
      {"C64", ScalarType::ComplexFloat},
      {"F64", ScalarType::Double},
      {"I64", ScalarType::Long},
      {"U64", ScalarType::UInt64},
  };
  return kDtypes;
}

SafetensorsHeader parse_safetensors_header(Bytes file) {
  static_assert(std::endian::native == std::endian::little, "the format is little-endian");
  if (file.size() < kLengthBytes) {
    refuse(fmt::format("it has {} bytes, less than the 8 of its header's length", file.size()));
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kLargestHeaderBytes) {
    refuse(fmt::format("its header would have {} bytes; the limit is {}", length,
                       kLargestHeaderBytes));
  }
  if (length > file.size() - kLengthBytes) {
    refuse(fmt::format("its header has {} bytes, but only {} follow: it was cut short", length,
                       file.size() - kLengthBytes));
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  if (text.empty() || text.front() != '{') refuse("its header does not begin with {");
  // The JSON reader takes a zero byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) refuse("its header has a zero byte");

  HeaderReader reader;
  json::sax_parse(text.begin(), text.end(), &reader);
  SafetensorsHeader header = reader.take();
  header.data_offset = kLengthBytes + length;
  for (const TensorEntry& tensor : header.tensors) check_length(tensor);
  check_tiling(header.tensors, file.size() - header.data_offset);
  return header;
}

// As the Python library writes it; names are UTF-8, as the format asks.
std::string format_safetensors_header(const SafetensorsHeader& header) {
  std::string text = "{";
  if (!header.metadata.empty()) {
    text += fmt::format("\"{}\":{}", kMetadataKey, json(header.metadata).dump());
  }
  for (const TensorEntry& tensor : header.tensors) {
    text += fmt::format(R"({}{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                        text.size() > 1 ? "," : "", json(tensor.name).dump(), name_of(tensor.dtype),
                        fmt::join(tensor.shape, ","), tensor.begin, tensor.end);
  }
  text += '}';
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  const uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  return bytes + text;
}

}  // namespace stoker::weights
