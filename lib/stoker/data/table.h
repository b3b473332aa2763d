// The formats of data sets: one row each, in one table, with the options of the format in its row.
//
//   # In a config:  data: {format: image_folder, root: photos}
//   #               data: {format: {name: shapes, train_images: 64}}
//   options.format = formats().pick("csv");
//   auto dataset = formats().build(options.format, options, Split::kTrain);   // without cache,
//   split
#pragma once

#include <memory>

#include "stoker/config/choice.h"
#include "stoker/data/dataset.h"
#include "stoker/data/options.h"

namespace stoker::data {

using FormatTable = config::Table<std::shared_ptr<const Dataset>(const DataOptions&, Split)>;
const FormatTable& formats();

// Options of the row `shapes`.
struct ShapesFormat {
  int64_t train_images = 8000;
  int64_t val_images = 2000;
  int64_t size = 32;  // width and height in pixels
  int64_t seed = 0;
  int64_t classes = 10;
  int64_t most_figures = 3;  // in an image, where it may have several
};
void describe(ShapesFormat& options, config::Fields& fields);

// Throws ConfigError where no format is chosen, naming the one that data.root looks like. `place`,
// such as the config's path, begins the message.
void require_format(const DataOptions& options, std::string_view place = "");

// What the options are refused for whatever is on the disk. Throws ConfigError, with the words that
// open_dataset() has for it.
void check_options(const DataOptions& options);

// Of data.prefetch_mib. Throws ConfigError for a limit that is no number of bytes.
int64_t prefetch_bytes(const DataOptions& options);

// Bytes of memory that the cache will take for this data set, 0 if it will not be used: for plans.
int64_t cache_bytes(const DataOptions& options, const Dataset& dataset);

}  // namespace stoker::data
