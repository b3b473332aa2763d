#include "stoker/shards/npy.h"

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::shards;

namespace {

std::string npy_of(const std::string& dictionary, size_t pixels, char version = 1) {
  std::string file = std::string("\x93NUMPY") + version + '\0';
  file += static_cast<char>(dictionary.size());
  file += '\0';
  if (version > 1) file += std::string(2, '\0');
  file += dictionary;
  for (size_t i = 0; i < pixels; ++i) file += static_cast<char>(i);
  return file;
}

bool refused(const std::string& file, const std::string& reason) {
  std::string message = "nothing was thrown";
  try {
    parse_npy(as_bytes(file));
  } catch (const DataError& error) {
    message = error.what();
  }
  UNSCOPED_INFO(message);
  return message.find(reason) != std::string::npos;
}

}  // namespace

TEST_CASE("npy: the header that is written is read, and as NumPy writes it") {
  const std::string header = npy_header(7, 5, 3);
  REQUIRE(header.size() == 128);
  // What numpy 2.2 writes for np.zeros((5, 7, 3), np.uint8).
  std::string numpy("\x93NUMPY\x01\x00v\x00", 10);
  numpy += "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 7, 3), }";
  numpy.resize(127, ' ');
  REQUIRE(header == numpy + '\n');
  const std::string file = header + std::string(5 * 7 * 3, 'p');
  const kernels::ImageView image = parse_npy(as_bytes(file));
  REQUIRE(image.width == 7);
  REQUIRE(image.height == 5);
  REQUIRE(image.channels == 3);
  REQUIRE(image.row_bytes == 21);
  REQUIRE(reinterpret_cast<const char*>(image.pixels) == file.data() + 128);
}

TEST_CASE("npy: grayscale with and without a channel, and newer versions") {
  for (const char version : {1, 2, 3}) {
    const auto image = parse_npy(as_bytes(
        npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': (5, 7), }\n", 35, version)));
    REQUIRE(image.channels == 1);
    REQUIRE(image.width == 7);
  }
  const std::string one = npy_of("{'shape': (2,3,1), 'fortran_order': False, 'descr': 'u1'}", 6);
  REQUIRE(parse_npy(as_bytes(one)).height == 2);
}

TEST_CASE("npy: everything else is refused") {
  const auto with = [](const std::string& shape, size_t pixels = 6) {
    return npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }", pixels);
  };
  REQUIRE(refused("", "not a .npy file"));
  REQUIRE(refused("\xff\xd8\xff", "not a .npy file"));
  REQUIRE(refused(with("(2, 3)").substr(0, 40), "cut short"));
  REQUIRE(refused(npy_of("{}", 0, 4), "unknown version 4"));
  REQUIRE(refused(npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 24),
                  "not uint8"));
  REQUIRE(
      refused(npy_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", 6), "Fortran"));
  REQUIRE(refused(with("(2, 3)", 5), "5 bytes of pixels, not 6"));
  REQUIRE(refused(with("(2, 3)", 7), "7 bytes of pixels, not 6"));
  REQUIRE(refused(with("(2, 3, 4)", 24), "the shape is (2, 3, 4)"));
  REQUIRE(refused(with("(0, 3)", 0), "the shape is (0, 3, 1)"));
  for (const char* shape : {"(6,)", "()", "6", "(-2, -3)", "(2, 3", "(1, 2, 3, 1)",
                            "(99999999999, 1)", "(a, b)", "(2 x 3)"})
    REQUIRE(refused(with(shape), "not that of an image"));
}
