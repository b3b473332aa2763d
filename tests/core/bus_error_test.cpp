#include "stoker/core/bus_error.h"

#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "support/catch.h"
#include "support/child.h"
#include "support/temporary.h"

using namespace stoker;

TEST_CASE("a map whose file is cut short ends the process with the file's name") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "train images.bin";
  std::ofstream(path) << std::string(100'000, 'x');
  const auto ended = test::run_in_child([&] {
    install_bus_error_handler();
    const MappedFile map(path);
    std::filesystem::resize_file(path, 10);
    const volatile std::byte* bytes = map.bytes().data();
    _exit(bytes[90'000] == std::byte{'x'} ? 1 : 2);
  });
  CHECK(ended.exit_code == static_cast<int>(ExitCode::kData));
  CHECK_THAT(ended.standard_error, Catch::Contains(path.string() + ": cannot be read any more") &&
                                       Catch::Contains("cut short"));
}

TEST_CASE("threads that meet the cut at once tell of it once") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "train images.bin";
  constexpr int kThreads = 8;
  for (int round = 0; round < 20; ++round) {
    std::ofstream(path) << std::string(100'000, 'x');
    const auto ended = test::run_in_child([&] {
      install_bus_error_handler();
      const MappedFile map(path);
      std::filesystem::resize_file(path, 10);
      std::barrier start(kThreads);
      std::vector<std::jthread> threads;
      for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
          start.arrive_and_wait();
          const volatile std::byte* bytes = map.bytes().data();
          _exit(bytes[90'000] == std::byte{'x'} ? 1 : 2);
        });
    });
    CHECK(ended.exit_code == static_cast<int>(ExitCode::kData));
    CHECK(ended.standard_error.starts_with("stoker: file: " + path.string() + ": cannot be"));
    CHECK(std::ranges::count(ended.standard_error, '\n') == 1);
  }
}
