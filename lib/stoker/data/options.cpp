#include "stoker/data/options.h"

#include <array>

#include "stoker/core/checked.h"
#include "stoker/data/table.h"

namespace stoker::data {

std::span<const std::string_view> enum_names(Cache) {
  static constexpr std::array<std::string_view, 4> kNames{"auto", "none", "memory", "shared"};
  return kNames;
}

std::span<const std::string_view> enum_names(OnError) {
  static constexpr std::array<std::string_view, 2> kNames{"fail", "skip"};
  return kNames;
}

std::span<const std::string_view> enum_names(JpegScaling) {
  static constexpr std::array<std::string_view, 2> kNames{"auto", "off"};
  return kNames;
}

void describe(DataOptions& o, config::Fields& fields) {
  constexpr std::string_view kSameSamples = "the order of samples depends on the data set";
  fields("format", o.format, formats(), "how the data set is stored")
      .fixed_name_on_resume(kSameSamples);
  fields("root", o.root, "folder of the data set; shapes needs none");
  fields("train", o.train, "what to train on: a sub-folder, a file or the name of a split");
  fields("val", o.val, "what to evaluate on: a sub-folder, a file or the name of a split");
  fields("split", o.split, "validation from data.train, where there is no validation set")
      .fixed_on_resume(kSameSamples);
  fields(
      "fold", o.fold,
      "cross-validation: `2/5` evaluates on the second of five parts of data.train and trains on "
      "the others; data.split.seed and data.split.stratified say which parts")
      .unset_as("none")
      .fixed_on_resume(kSameSamples);
  fields("ignore_classes", o.ignore_classes,
         "classes whose images are left out, in training and evaluation")
      .fixed_on_resume(kSameSamples);
  fields("merge_classes", o.merge_classes,
         "classes that become one, as `bird = robin, wren`; of a single one it is a new name")
      .fixed_on_resume(kSameSamples);
  fields("labels", o.labels,
         "with task: multilabel, a CSV file below data.root that names the labels of every image, "
         "in the place of the data set's own; {split} in it stands for the word of data.train or "
         "data.val (docs/multilabel.md)")
      .unset_as("none")
      .fixed_on_resume(kSameSamples);
  fields("label_separator", o.label_separator,
         "what stands between the labels of an image; a blank: any run of blanks")
      .fixed_on_resume(kSameSamples);
  fields("label_columns", o.label_columns,
         "columns of 0 and 1 that are labels; []: the column `labels`, or all but the path")
      .fixed_on_resume(kSameSamples);
  fields(
      "balance", o.balance,
      "repeat the training images of rarer classes: 1 shows all classes alike often, 0 as often as "
      "they have images, 0.5 lies between; an epoch grows by the repetitions")
      .in(0, 1)
      .fixed_on_resume(kSameSamples);
  fields(
      "cache", o.cache,
      "keep decoded images in memory: auto does if they fit in cache_limit_gib; shared keeps them "
      "in a file that all processes of this machine map, so that each image is decoded once");
  fields("cache_limit_gib", o.cache_limit_gib,
         "largest set of decoded images that auto keeps, and the most that shared does")
      .at_least(0);
  fields("cache_dir", o.cache_dir,
         "folder of the files of `cache: shared`, on a local disk or in memory (/dev/shm/…); auto: "
         "$XDG_CACHE_HOME/stoker/decoded, or ~/.cache/stoker/decoded");
  fields("on_error", o.on_error,
         "an image that cannot be read ends the run, or is skipped, counted and listed; "
         "docs/data.md says what takes its place")
      .fixed_on_resume("skipped images change what a batch holds");
  fields("threads", o.threads,
         "threads that read, decode and augment; auto follows CPU affinity and cgroup quota")
      .in(1, 1024);
  fields("prefetch_mib", o.prefetch_mib, "memory bound of the batches made ahead").positive();
  fields("max_megapixels", o.max_megapixels, "larger images are refused before decoding")
      .positive()
      .at_most(2000);
  fields("jpeg_scaling", o.jpeg_scaling,
         "auto: training decodes a JPEG at 1/2, 1/4 or 1/8 where the crop still covers the output, "
         "unless decoded images are kept; evaluation never does")
      .fixed_on_resume("it changes the pixels of large images");
}

decode::DecodeLimits decode_limits(const DataOptions& options) {
  decode::DecodeLimits limits;
  limits.max_pixels = static_cast<int64_t>(options.max_megapixels * 1e6);
  return limits;
}

int64_t cache_limit_bytes(const DataOptions& options) {
  return checked_round("data.cache_limit_gib", options.cache_limit_gib * (int64_t{1} << 30));
}

}  // namespace stoker::data
