#include "stoker/data/idx.h"

#include <zlib.h>

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/data/gzip.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::write;

std::string header(std::initializer_list<uint32_t> sizes) {
  std::string bytes{0, 0, 8, char(sizes.size())};
  for (const uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += char(size >> shift);
  return bytes;
}

std::string images(uint32_t count, uint32_t height, uint32_t width) {
  std::string bytes = header({count, height, width});
  for (uint32_t i = 0; i < count * height * width; ++i) bytes += char(i * 7);
  return bytes;
}

std::string labels(std::initializer_list<char> values) {
  return header({uint32_t(values.size())}) + std::string(values);
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = uInt(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_CASE("IDX files are read plain and gzipped", "[idx]") {
  const test::TemporaryFolder folder;
  const bool packed = GENERATE(false, true);
  const std::string end = packed ? ".gz" : "";
  const auto put = [&](const std::string& name, const std::string& bytes) {
    write(folder.path() / "MNIST/raw" / (name + end), packed ? gzipped(bytes) : bytes);
  };
  put("train-images-idx3-ubyte", images(3, 5, 4));
  put("train-labels-idx1-ubyte", labels({2, 0, 6}));
  put("t10k-images-idx3-ubyte", images(2, 5, 4));
  put("t10k-labels-idx1-ubyte", labels({1, 1}));
  CHECK(is_idx(folder.path()));
  const auto train = open_idx(folder.path(), Split::kTrain);
  REQUIRE(train->size() == 3);
  CHECK(train->label(2) == 6);
  CHECK(train->class_names().size() == 7);
  std::vector<std::byte> scratch;
  const Record record = train->get(2, scratch);
  CHECK(record.pixels.width == 4);
  CHECK(record.pixels.height == 5);
  CHECK(record.pixels.channels == 1);
  CHECK(record.pixels.pixels[3 * record.pixels.row_bytes + 1] == uint8_t((2 * 20 + 3 * 4 + 1) * 7));
  const auto test = open_idx(folder.path(), Split::kVal);
  CHECK(test->size() == 2);
  CHECK(test->class_names().size() == 7);  // those of the training set
}

TEST_CASE("IDX files that do not fit are refused", "[idx]") {
  const test::TemporaryFolder folder;
  const auto message = [&] {
    return message_of<DataError>([&] { open_idx(folder.path(), Split::kTrain); });
  };
  const fs::path image_path = folder.path() / "train-images-idx3-ubyte";
  const fs::path label_path = folder.path() / "train-labels.idx1-ubyte";
  CHECK_THAT(message(), Catch::Contains("data get mnist"));
  const std::string good = images(2, 3, 4);
  write(label_path, labels({1, 0}));
  write(image_path, good);
  CHECK(message() == "");
  write(image_path, good + "x");
  CHECK_THAT(message(), Catch::Contains("promises 40 bytes, the file holds"));
  write(image_path, images(3, 3, 4));
  CHECK_THAT(message(), Catch::Contains("holds 3 images") && Catch::Contains("2 labels"));
  write(image_path, header({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}));
  CHECK_THAT(message(), Catch::Contains("size 1 at byte 8"));
  write(image_path, header({2, 0, 4}));
  CHECK_THAT(message(), Catch::Contains("size 1 at byte 8 is 0"));
  write(image_path, labels({1, 0}));
  CHECK_THAT(message(), Catch::Contains("0x00000801, expected 0x00000803"));
  for (size_t size = 0; size < good.size(); ++size) {
    write(image_path, good.substr(0, size));
    CHECK(message() != "");
  }
}

TEST_CASE("a gzipped IDX file cut or damaged is refused", "[idx]") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "train-images-idx3-ubyte.gz";
  write(folder.path() / "train-labels-idx1-ubyte", labels({1, 0}));
  const std::string good = gzipped(images(2, 13, 17));
  const auto message = [&] {
    return message_of<DataError>([&] { open_idx(folder.path(), Split::kTrain); });
  };
  for (size_t size = 0; size < good.size(); size += 3) {
    write(path, good.substr(0, size));
    CHECK(message() != "");
  }
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  write(path, damaged);
  CHECK_THAT(message(), Catch::Contains("gzip data is damaged"));
  // A header that promises 16 GiB in a tiny file: refused before memory is taken.
  write(path, gzipped(header({1u << 20, 128, 128})));
  CHECK_THAT(message(), Catch::Contains("promises"));
}

}  // namespace
}  // namespace stoker::data
