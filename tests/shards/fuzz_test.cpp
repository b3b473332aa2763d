// A seeded mutator: whatever is done to a good shard or index, it is refused or what is read lies
// within it. Run under the sanitizers by scripts/test.sh.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "shards/hostile.h"
#include "support/catch.h"

using namespace stoker;
using namespace std::string_view_literals;
using test::Verdict;

namespace {

const uint64_t kMutations = test::fuzz_rounds(20'000);

constexpr std::array kPieces = {"0"sv,
                                "7"sv,
                                "00000000000"sv,
                                "77777777777"sv,
                                "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"sv,
                                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv,
                                "x"sv,
                                "g"sv,
                                "L"sv,
                                "5"sv,
                                "/"sv,
                                ".."sv,
                                "."sv,
                                "ustar"sv,
                                "\0"sv,
                                "\xff\xff\xff\xff\xff\xff\xff\xff"sv,
                                "12 path=a.b\n"sv,
                                "9 size=1\n"sv,
                                "("sv,
                                ")"sv,
                                "'shape':"sv,
                                "65535"sv,
                                "-1"sv};

// Of blocks, or of a header's field.
void mutate_tar(std::string& file, RandomStream& random) {
  if (file.empty()) return;
  const auto block = [&] { return random.below(static_cast<uint32_t>(file.size())) / 512 * 512; };
  const size_t at = block();
  if (random.coin(0.5f)) {
    file.insert(at, file.substr(block(), 512 * (1 + random.below(3))));
  } else {
    file.replace(std::min<size_t>(at + (random.coin(0.5f) ? 124 : 156), file.size()),
                 random.coin(0.5f) ? 1 : 12, kPieces[random.below(std::size(kPieces))]);
  }
}

// Nothing may be unsound, and mutations must reach both sides of the reader.
struct Count {
  uint64_t accepted = 0, unsound = 0;

  void add(Verdict verdict) {
    accepted += verdict == Verdict::kSound;
    unsound += verdict == Verdict::kUnsound;
  }
  void check() const {
    INFO(accepted << " of " << kMutations << " accepted");
    CHECK(unsound == 0);
    CHECK(accepted > kMutations / 100);
    CHECK(accepted < kMutations);
  }
};

}  // namespace

TEST_CASE("fuzz: a mutated shard is refused or read within its bounds") {
  const std::string good = test::good_tar();
  REQUIRE(test::judge_shard(as_bytes(good)) == Verdict::kSound);
  Count count;
  for (uint64_t i = 0; i < kMutations; ++i) {
    RandomStream random({.seed = 1, .epoch = 0, .sample = i}, Purpose::kAugment);
    std::string tar = good;
    for (uint32_t turn = 1 + random.below(3); turn > 0; --turn) {
      if (random.coin(0.3f))
        mutate_tar(tar, random);
      else
        test::mutate_once(tar, random, kPieces, tar.size());
    }
    if (random.coin(0.9f)) test::fix_checksums(tar);
    tar.shrink_to_fit();
    count.add(test::judge_shard(as_bytes(tar)));
  }
  count.check();
}

TEST_CASE("fuzz: a mutated index is refused or points into its shard") {
  const std::string good = test::good_index();
  REQUIRE(test::judge_index(good) == Verdict::kSound);
  Count count;
  for (uint64_t i = 0; i < kMutations; ++i) {
    RandomStream random({.seed = 2, .epoch = 0, .sample = i}, Purpose::kAugment);
    std::string file = good;
    for (uint32_t turn = 0; turn <= random.below(2); ++turn) {
      const size_t at = 8 * random.below(static_cast<uint32_t>(file.size() / 8));
      const uint64_t value =
          random.coin(0.5f) ? random.below(2048) : ~uint64_t{0} << random.below(64);
      std::memcpy(file.data() + at, &value, std::min<size_t>(8, file.size() - at));
    }
    test::fix_index_crc(file);
    count.add(test::judge_index(file));
  }
  count.check();
}
