#include "stoker/data/shared_cache.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/cached.h"
#include "stoker/data/decoder_pool.h"
#include "stoker/data/decorator.h"
#include "stoker/data/shared_pixels_file.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

// Of a file's addresses; a map of more is refused by some systems.
constexpr int64_t kMostBytes = int64_t{1} << 40;

class SharedCache : public Decorator {
 public:
  SharedCache(std::shared_ptr<const Dataset> dataset, const decode::DecodeLimits& limits,
              std::unique_ptr<SharedPixels> store, int64_t limit_bytes, int64_t estimate_bytes)
      : Decorator(dataset),
        decoders_(limits),
        store_(std::move(store)),
        kept_bytes_(std::min(estimate_bytes, limit_bytes)),
        in_memory_(keep_decoded(std::move(dataset), limits, limit_bytes)),
        seen_(static_cast<size_t>(size())) {}

  int64_t kept_bytes_estimate() const override { return kept_bytes_; }
  // What is stored was confirmed before.
  void confirm(int64_t index) const override {
    if (seen_[static_cast<size_t>(index)].load(std::memory_order_relaxed) == nullptr)
      inner().confirm(index);
  }

  Record get(int64_t index, std::vector<std::byte>& scratch) const override {
    std::atomic<const StoredPixels*>& seen = seen_[static_cast<size_t>(index)];
    if (const auto* stored = seen.load(std::memory_order_acquire))
      return {.pixels = stored->view()};
    const std::string recipe = inner().recipe(index);
    if (!recipe.empty()) return computed(index, scratch, recipe);
    Record record = inner().get(index, scratch);
    if (record.is_decoded()) return record;
    const PixelKey key = pixel_key(record.encoded);
    const DecoderPool::Use bench(decoders_);
    const StoredPixels* stored = find_or_store(index, key, [&] {
      const auto start = std::chrono::steady_clock::now();
      const kernels::ImageView image =
          bench->decoder.decode(record.encoded, name(index), bench->pixels);
      record.decode_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
      inner().confirm(index);
      if (!(pixel_key(record.encoded) == key))
        throw DataError(fmt::format("{}: changed while it was read", shown(name(index))));
      return image;
    });
    if (stored != nullptr) return {.pixels = stored->view(), .decode_ns = record.decode_ns};
    return has_given_up_ ? in_memory_->get(index, scratch) : record;
  }

 private:
  Record computed(int64_t index, std::vector<std::byte>& scratch, const std::string& recipe) const {
    const StoredPixels* stored = find_or_store(index, pixel_key(as_bytes(recipe)),
                                               [&] { return inner().get(index, scratch).pixels; });
    if (stored != nullptr) return {.pixels = stored->view()};
    return has_given_up_ ? in_memory_->get(index, scratch) : inner().get(index, scratch);
  }

  template <typename Decode>
  const StoredPixels* find_or_store(int64_t index, const PixelKey& key,
                                    const Decode& decode) const {
    const StoredPixels* stored = store_->find(key);
    if (stored == nullptr && !store_->is_full() && !has_given_up_) {
      try {
        stored = store_->find_or_fill(key, decode);
      } catch (const StoreError& error) {
        if (!has_given_up_.exchange(true))
          log().warn("{} Images that are not in that file yet stay in the memory of this process.",
                     error.what());
      }
    }
    if (stored != nullptr)
      seen_[static_cast<size_t>(index)].store(stored, std::memory_order_release);
    return stored;
  }

  mutable DecoderPool decoders_;
  std::unique_ptr<SharedPixels> store_;
  int64_t kept_bytes_;
  std::shared_ptr<const Dataset> in_memory_;  // where the file can take no more
  mutable std::vector<std::atomic<const StoredPixels*>> seen_;
  mutable std::atomic<bool> has_given_up_{false};
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Another build may decode otherwise: its files are others.
std::string program_stamp() {
  struct stat info {};
  if (::stat("/proc/self/exe", &info) != 0) return "";
  return fmt::format("{}/{}.{}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

// What a power cut left of a file is not looked at: after a start of the machine its files are
// others.
std::string boot_id() {
  std::error_code missing;
  const fs::path path = "/proc/sys/kernel/random/boot_id";
  return fs::exists(path, missing) ? read_file(path, 4096) : "";
}

// Only this user's: what is in it is taken for the data set's pixels.
void make_own_folder(const fs::path& folder) {
  real_file_system().make_directories(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail(folder, "make the folder");
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) fail(folder, "read");
  const bool is_own =
      S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 022) == 0;
  if (!is_own)
    throw FileError(
        fmt::format("{}: expected a folder that this user alone may write in; set data.cache_dir.",
                    shown(folder.string())));
}

}  // namespace

fs::path shared_cache_folder(const DataOptions& options) {
  if (options.cache_dir) return *options.cache_dir;
  // The specification of XDG: a path that is not absolute is none.
  if (const std::string cache = environment("XDG_CACHE_HOME"); cache.starts_with('/'))
    return fs::path(cache) / "stoker" / "decoded";
  if (const std::string home = environment("HOME"); home.starts_with('/'))
    return fs::path(home) / ".cache" / "stoker" / "decoded";
  std::error_code none;
  const fs::path temporary = fs::temp_directory_path(none);
  return (none ? fs::path("/tmp") : temporary) / fmt::format("stoker-{}", ::geteuid()) / "decoded";
}

SharedCachePlace shared_cache_place(const DataOptions& options, Split split, int64_t images) {
  const bool is_part = options.fold.has_value() || options.split.val > 0;
  std::error_code missing;  // formats that need no folder
  const fs::path root = fs::weakly_canonical(options.root, missing);
  const int64_t limit_bytes = cache_limit_bytes(options);
  const std::string identity =
      fmt::format("1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", options.format.name(), root.string(),
                  split == Split::kTrain || is_part ? options.train : options.val, images,
                  limit_bytes, decode_limits(options).max_pixels, program_stamp(), boot_id());
  return {.folder = shared_cache_folder(options),
          .name = checksum_hex(as_bytes(identity)) + kPixelsEnding,
          .images = images,
          .limit_bytes = limit_bytes};
}

std::shared_ptr<const Dataset> keep_decoded_shared(std::shared_ptr<const Dataset> dataset,
                                                   const decode::DecodeLimits& limits,
                                                   const SharedCachePlace& place,
                                                   int64_t estimate_bytes) {
  const int64_t limit_bytes = std::min(place.limit_bytes, kMostBytes);
  try {
    const fs::path folder = fs::absolute(place.folder);
    make_own_folder(folder);
    const fs::path path = folder / place.name;
    if (!fs::exists(path)) remove_unused_pixels(folder, limit_bytes);
    auto store = std::make_unique<SharedPixels>(
        path, SharedPixelsOptions{.images = place.images, .data_bytes = limit_bytes});
    log().info("decoded images are shared in {}, which holds {} so far", shown(path.string()),
               human_count(store->filled()));
    return std::make_shared<SharedCache>(std::move(dataset), limits, std::move(store), limit_bytes,
                                         estimate_bytes);
  } catch (const FileError& error) {
    log().warn("{} Decoded images stay in the memory of this process.", error.what());
    return keep_decoded(std::move(dataset), limits, limit_bytes, estimate_bytes);
  }
}

}  // namespace stoker::data
