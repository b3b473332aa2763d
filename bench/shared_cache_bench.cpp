// What several processes spend on decoding one image folder: each image in each process
// (data.cache: memory), or once for all (data.cache: shared).
//
//   shared_cache_bench FOLDER memory|shared CACHE_DIR [PROCESSES] [EPOCHS]
//
// Each process reads the images in the same order, as trials of one seed do, with one thread.
// Prints one line of JSON: decoded images, seconds and processor seconds of all. A sum over the
// pixels of each process must be the same. shared_cache_compare.py runs both in turn.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "stoker/data/table.h"
#include "tool_main.h"

using namespace stoker;

namespace {

struct Spent {
  int64_t images, decoded;
  uint64_t pixel_sum;
};

void read_all(const data::DataOptions& options, int epochs, Spent& spent) {
  const auto dataset = data::open_dataset(options, data::Split::kTrain);
  std::vector<std::byte> scratch;
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (int64_t i = 0; i < dataset->size(); ++i) {
      const data::Record record = dataset->get(i, scratch);
      STOKER_CHECK(record.is_decoded(), "{} is not kept", dataset->name(i));
      ++spent.images;
      spent.decoded += record.decode_ns > 0;
      const kernels::ImageView& image = record.pixels;
      spent.pixel_sum = spent.pixel_sum * 31 + image.pixels[image.row_bytes * (image.height / 2)];
    }
}

int run(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "shared_cache_bench FOLDER memory|shared CACHE_DIR [PROCESSES] [EPOCHS]\n");
    return 2;
  }
  data::DataOptions options{
      .format = data::formats().pick("image_folder"), .root = argv[1], .train = "."};
  options.cache = std::string(argv[2]) == "shared" ? data::Cache::kShared : data::Cache::kMemory;
  options.cache_dir = argv[3];
  options.cache_limit_gib = 64;
  const int processes = argc > 4 ? std::atoi(argv[4]) : 4,
            epochs = argc > 5 ? std::atoi(argv[5]) : 2;
  auto* spent =
      static_cast<Spent*>(::mmap(nullptr, size_t(processes) * sizeof(Spent), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  STOKER_CHECK(spent != MAP_FAILED, "no memory for {} processes", processes);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < processes; ++i)
    if (::fork() == 0) {
      read_all(options, epochs, spent[i]);
      ::_exit(0);
    }
  int failures = 0;
  for (int status = 0; ::wait(&status) > 0;) failures += status != 0;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  Spent sum{};
  bool is_equal = failures == 0;
  for (int i = 0; i < processes; ++i) {
    sum.images += spent[i].images;
    sum.decoded += spent[i].decoded;
    is_equal = is_equal && spent[i].pixel_sum == spent[0].pixel_sum;
  }
  fmt::print(
      "{{\"processes\": {}, \"images\": {}, \"decoded\": {}, \"seconds\": {:.3f}, \"cpu_s\": "
      "{:.3f}, "
      "\"pixel_sum\": {}, \"equal\": {}}}\n",
      processes, sum.images, sum.decoded, took.count(),
      seconds(usage.ru_utime) + seconds(usage.ru_stime), spent[0].pixel_sum, is_equal);
  return is_equal ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) { return bench::tool_main(run, argc, argv); }
