#include "stoker/data/cifar.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::write;

// `count` records; record i has the label (first + i) % classes and planes of three formulas.
std::string batch(int count, int first, int classes, int label_bytes) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    if (label_bytes == 2) bytes += '\x13';  // the coarse label
    bytes += char((first + i) % classes);
    for (int c = 0; c < 3; ++c)
      for (int p = 0; p < 1024; ++p) bytes += char((first + i) * 5 + c * 50 + p % 32 + p / 32 * 3);
  }
  return bytes;
}

void write_cifar10(const fs::path& folder) {
  for (int b = 1; b <= 5; ++b)
    write(folder / fmt::format("data_batch_{}.bin", b), batch(b, 10 * b, 10, 1));
  write(folder / "test_batch.bin", batch(2, 3, 10, 1));
}

TEST_CASE("CIFAR-10 is read in file order, planes become pixels", "[cifar]") {
  const test::TemporaryFolder folder;
  write_cifar10(folder.path() / "cifar-10-batches-bin");
  const auto train = open_cifar(folder.path(), Split::kTrain);
  REQUIRE(train->size() == 15);
  CHECK(train->label(3) == 0);   // the first of data_batch_3
  CHECK(train->label(14) == 4);  // the last of data_batch_5
  CHECK_THAT(train->name(14), Catch::EndsWith("data_batch_5.bin#4"));
  std::vector<std::byte> scratch;
  const Record record = train->get(14, scratch);
  REQUIRE(record.is_decoded());
  CHECK(record.pixels.width == 32);
  CHECK(record.pixels.channels == 3);
  const int x = 7, y = 21;
  for (int c = 0; c < 3; ++c)
    CHECK(record.pixels.pixels[y * record.pixels.row_bytes + 3 * x + c] ==
          uint8_t(54 * 5 + c * 50 + x + 3 * y));
  const auto test = open_cifar(folder.path() / "cifar-10-batches-bin", Split::kVal);
  CHECK(test->size() == 2);
  CHECK(test->class_names()[9] == "9");
}

TEST_CASE("CIFAR-100 gives fine labels and their names", "[cifar]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "train.bin", batch(3, 97, 100, 2));
  write(folder.path() / "test.bin", batch(1, 42, 100, 2));
  std::string names;
  for (int i = 0; i < 100; ++i) names += fmt::format("name{}\n", i);
  write(folder.path() / "fine_label_names.txt", names + "\n");
  const auto train = open_cifar(folder.path(), Split::kTrain);
  CHECK(train->label(2) == 99);
  CHECK(train->class_names()[99] == "name99");
  CHECK(open_cifar(folder.path(), Split::kVal)->label(0) == 42);
}

TEST_CASE("CIFAR files that do not fit are refused", "[cifar]") {
  const test::TemporaryFolder folder;
  const auto message = [&](Split split) {
    return message_of<DataError>([&] { open_cifar(folder.path(), split); });
  };
  CHECK_THAT(message(Split::kTrain), Catch::Contains("data get cifar10"));
  CHECK_FALSE(is_cifar(folder.path()));
  write_cifar10(folder.path());
  CHECK(is_cifar(folder.path()));
  write(folder.path() / "data_batch_4.bin", batch(2, 0, 10, 1).substr(1));
  CHECK_THAT(message(Split::kTrain), Catch::Contains("data_batch_4.bin: 6145 bytes"));
  std::string bad_label = batch(2, 0, 10, 1);
  bad_label[3073] = 10;
  write(folder.path() / "data_batch_4.bin", bad_label);
  CHECK_THAT(message(Split::kTrain), Catch::Contains("label 10 at byte 3073"));
  write(folder.path() / "data_batch_4.bin", "");
  CHECK_THAT(message(Split::kTrain), Catch::Contains("data_batch_4.bin"));
  fs::remove(folder.path() / "data_batch_4.bin");
  CHECK_THAT(message(Split::kTrain), Catch::Contains("data_batch_4.bin: not there"));
  CHECK(message(Split::kVal) == "");
  write(folder.path() / "batches.meta.txt", "a\nb\n");
  CHECK_THAT(message(Split::kVal), Catch::Contains("2 class names, expected 10"));
}

}  // namespace
}  // namespace stoker::data
