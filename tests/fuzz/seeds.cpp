// fuzz_seeds FOLDER: writes what fuzzing begins with, a folder for each program. Run from the top
// of the repository.
#include <cstdio>
#include <filesystem>

#include "data/files.h"
#include "decode/golden_images.h"
#include "decode/make_jpeg.h"
#include "shards/hostile.h"

namespace {

namespace fs = std::filesystem;
using namespace stoker;

void write_images(const fs::path& folder) {
  int n = 0;
  const auto put = [&](Bytes file) { test::write(folder / std::to_string(n++), file); };
  for (const test::GoldenImage& golden : test::golden_images())
    if (decode::format_of(golden.file) != decode::ImageFormat::kOther) put(golden.file);
  for (const test::JpegKind& kind : test::hostile_kinds()) put(test::make_jpeg(kind));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n"), 2;
  const fs::path top = argv[1];
  for (const char* name : {"decode", "region"}) write_images(top / name);
  test::write(top / "tar/good", test::good_tar());
  test::write(top / "index/good", test::good_index());
  for (const auto& entry : fs::directory_iterator("configs"))
    test::write(top / "yaml" / entry.path().filename(), read_file(entry.path()));
  const char* weights = "tests/golden/weights_safetensors.safetensors";
  test::write(top / "safetensors/good", read_file(weights));
}
