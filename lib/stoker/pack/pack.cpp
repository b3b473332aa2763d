#include "stoker/pack/pack.h"

#include <algorithm>
#include <optional>

#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/lines.h"
#include "stoker/core/parallel.h"
#include "stoker/core/permutation.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/relabelled.h"
#include "stoker/data/shard_set.h"
#include "stoker/pack/staging.h"
#include "stoker/shards/shard.h"
#include "stoker/shards/tar_writer.h"

namespace stoker::pack {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kImagesAThread = 16;     // converted ahead of writing
constexpr int64_t kProbed = 64;            // images whose sizes tell how many shards there will be
constexpr int64_t kMemberOverhead = 2048;  // two headers, the class, half a block of padding twice

// What a thread made of one image, or why it could not.
struct Slot {
  std::optional<Converted> image;
  std::string problem;
};

class SplitPacker {
 public:
  SplitPacker(const PackSplit& split, const fs::path& folder, const PackOptions& options,
              const std::function<void(const PackProgress&)>& on_progress, FileSystem& files)
      : split_(split),
        dataset_(*split.dataset),
        folder_(folder),
        options_(options),
        on_progress_(on_progress),
        files_(files),
        threads_(options.threads > 0 ? options.threads : usable_cpus()) {
    if (dataset_.size() == 0)
      throw DataError(fmt::format("{}: no images to pack", shown(split.name)));
    if (options.shuffle) order_.emplace(dataset_.size(), PermutationKey{options.seed, 0});
    for (int i = 0; i < threads_; ++i) converters_.emplace_back(options.convert, options.limits);
    result_.name = split.name;
  }

  PackedSplit run() {
    report(0);
    const int64_t shards = shard_count();
    for (int64_t shard = 0; shard < shards; ++shard) {
      const int64_t begin = shard * dataset_.size() / shards;
      const int64_t end = (shard + 1) * dataset_.size() / shards;
      write_shard(begin, end);
    }
    if (result_.images == 0)
      throw DataError(fmt::format("{}: none of the {} images can be read; the first: {}",
                                  shown(split_.name), dataset_.size(),
                                  result_.skipped.at(0).reason));
    if (dataset_.is_multilabel())
      write_file_atomically(files_,
                            folder_ / fmt::format("{}{}", split_.name, data::kLabelsFileEnd),
                            as_bytes(labels_));
    return std::move(result_);
  }

 private:
  // "000000007,cat|dog" in a file of labels (data/label_table.h).
  std::string label_line(const std::string& key, int64_t sample) const {
    std::string names;
    for (const int32_t label : dataset_.labels(sample)) {
      const std::string& name = dataset_.class_names()[static_cast<size_t>(label)];
      names += (names.empty() ? "" : "|") + name;
    }
    return fmt::format("{},{}\n", key, csv_cell(names));
  }

  void report(int64_t images) const {
    if (on_progress_) on_progress_({split_.name, images, dataset_.size()});
  }

  int64_t sample_at(int64_t position) const { return order_ ? (*order_)[position] : position; }

  // As many as were asked for, or as the sizes of a few images let expect.
  int64_t shard_count() {
    const int64_t size = dataset_.size();
    if (options_.shards > 0) return std::min(options_.shards, size);
    const int64_t probed = std::min(size, kProbed);
    const std::vector<Slot> slots = converted(probed, [&](int64_t i) { return i * size / probed; });
    int64_t bytes = 0;
    for (const Slot& slot : slots)
      bytes += kMemberOverhead + (slot.image ? std::ssize(slot.image->bytes) : 0);
    const double expected = double(bytes) / double(probed) * double(size);
    return std::clamp(int64_t(expected / double(options_.shard_bytes)) + 1, int64_t{1}, size);
  }

  // Images sample_of(0) to sample_of(count - 1), by all threads.
  template <class SampleOf>
  std::vector<Slot> converted(int64_t count, const SampleOf& sample_of) {
    std::vector<Slot> slots(static_cast<size_t>(count));
    std::atomic<int64_t> next{0};
    parallel_for(threads_, threads_, [&](int64_t thread) {
      for (int64_t i; (i = next.fetch_add(1)) < count;)
        convert(sample_of(i), converters_[size_t(thread)], slots[size_t(i)]);
    });
    return slots;
  }

  void convert(int64_t sample, Converter& converter, Slot& slot) const {
    try {
      slot.image = converter.convert(dataset_, sample);
    } catch (const DataError& error) {
      slot.problem = error.what();
    } catch (const FileError& error) {
      slot.problem = error.what();
    }
  }

  void write_shard(int64_t begin, int64_t end) {
    const fs::path path = folder_ / fmt::format("{}-{:06}.tar", split_.name, result_.shards);
    shards::TarWriter tar(files_, path);
    int64_t written = 0;
    for (int64_t first = begin; first < end; first += kImagesAThread * threads_) {
      const int64_t count = std::min(end - first, kImagesAThread * threads_);
      if (interrupt_signal() != 0)
        throw Interrupted("packing was interrupted; nothing is left of it. Run it again");
      const std::vector<Slot> slots =
          converted(count, [&](int64_t i) { return sample_at(first + i); });
      for (int64_t i = 0; i < count; ++i)
        written += write_sample(tar, sample_at(first + i), slots[size_t(i)]);
      report(first + count);
    }
    if (written == 0) return;  // all skipped: a shard without samples would be refused
    tar.commit();
    shards::write_index(path, files_);
    result_.images += written;
    result_.shard_bytes += int64_t(tar.size_bytes());
    ++result_.shards;
  }

  bool write_sample(shards::TarWriter& tar, int64_t sample, const Slot& slot) {
    if (!slot.image) {
      if (options_.on_error == data::OnError::kFail) throw DataError(slot.problem);
      result_.skipped.push_back({dataset_.name(sample), slot.problem});
      return false;
    }
    const std::string key = fmt::format("{:09}", sample);
    tar.add(fmt::format("{}.{}", key, slot.image->ending), slot.image->bytes);
    tar.add(key + ".cls", as_bytes(std::to_string(dataset_.label(sample))));
    if (dataset_.is_multilabel()) labels_ += label_line(key, sample);
    result_.source_bytes += slot.image->source_bytes;
    result_.packed_bytes += std::ssize(slot.image->bytes);
    return true;
  }

  const PackSplit& split_;
  const data::Dataset& dataset_;
  const fs::path folder_;
  const PackOptions& options_;
  const std::function<void(const PackProgress&)>& on_progress_;
  FileSystem& files_;
  const int threads_;
  std::optional<Permutation> order_;
  std::vector<Converter> converters_;
  PackedSplit result_;
  std::string labels_ = "key,labels\n";  // of images with any number of them
};

// Whether text_lines() gives it back.
bool is_one_line(const std::string& line) {
  if (line.find('\0') != std::string::npos) return false;
  const std::vector<std::string_view> lines = text_lines(line, data::kClassesFile);
  return lines.size() == 1 && lines[0] == line;
}

// The file of names, a line for each. Throws DataError for a name that no line gives back.
std::string class_lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const std::string line = as_line(name);
    if (!is_one_line(line))
      throw DataError(
          fmt::format("the class name \"{}\" cannot stand in a line of {}: give the class another "
                      "name, without line breaks or zero bytes",
                      shown(name), data::kClassesFile));
    text += line + '\n';
  }
  return text;
}

// Throws DataError for a name that a file of labels does not give back.
void check_labels(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (name.find('|') != std::string::npos || trimmed(name) != name)
      throw DataError(
          fmt::format("the label \"{}\" cannot stand in a file of labels, with a | or a blank at "
                      "its end: give it another name by data.merge_classes",
                      shown(name)));
}

}  // namespace

std::vector<PackedSplit> pack(std::span<const PackSplit> splits, const fs::path& folder,
                              const PackOptions& options,
                              const std::function<void(const PackProgress&)>& on_progress,
                              FileSystem& files) {
  STOKER_CHECK(!splits.empty(), "no splits");
  const std::vector<std::string>& classes = splits[0].dataset->class_names();
  const std::string names = class_lines(classes);  // refused before the work
  if (splits[0].dataset->is_multilabel()) check_labels(classes);
  StagedFolder staged(files, folder);
  std::vector<PackedSplit> result;
  for (const PackSplit& split : splits) {
    const PackSplit labelled{split.name, data::relabel(split.dataset, classes)};
    result.push_back(SplitPacker(labelled, staged.path(), options, on_progress, files).run());
  }
  write_file_atomically(files, staged.path() / data::kClassesFile, as_bytes(names));
  staged.commit();
  return result;
}

}  // namespace stoker::pack
