// A data set is size() and get(i); everything else decorates one. No torch.
//
// Implementations are immutable after construction and safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stoker/config/choice.h"
#include "stoker/core/file.h"
#include "stoker/kernels/image.h"

namespace stoker::data {

// One sample as it is stored: the bytes of an image file, or plain pixels.
struct Record {
  Bytes encoded;              // an image file; empty when `pixels` is set
  kernels::ImageView pixels;  // decoded already; pixels.pixels is null when `encoded` is set
  int64_t decode_ns = 0;      // of the time of get(): decoding for a cache
  bool is_decoded() const { return pixels.pixels != nullptr; }
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  // What the sample is called in messages: its path, or file and index.
  virtual std::string name(int64_t index) const = 0;
  // What it is called within the set, the same wherever the set lies: what splits go by. The path
  // below the set's folder, the path as a manifest has it, the key in a shard.
  virtual std::string key(int64_t index) const { return name(index); }
  // Words that say all that the sample's pixels follow from, where they are computed; "" where they
  // are stored.
  virtual std::string recipe(int64_t /*index*/) const { return ""; }
  // In [0, class_names().size()). Where images may have any number of labels: the first, or 0 where
  // there is none.
  virtual int64_t label(int64_t index) const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;
  // Whether an image may have any number of labels.
  virtual bool is_multilabel() const { return false; }
  // All labels of an image of such a set, ascending; of another set there are none.
  virtual std::span<const int32_t> labels(int64_t /*index*/) const { return {}; }
  // Memory that decoded images take once all were asked for, as estimated; 0 where none are kept.
  virtual int64_t kept_bytes_estimate() const { return 0; }
  // The views in the record point into the data set or into `scratch`, which is reused from call to
  // call; they hold until the next call with the same scratch. Throws DataError or FileError.
  virtual Record get(int64_t index, std::vector<std::byte>& scratch) const = 0;
  // Asked once a record's bytes were used: throws DataError where the data set cannot vouch that
  // they stayed what get() gave, because its file was cut short meanwhile. At most a system call.
  virtual void confirm(int64_t /*index*/) const {}
  // False where a sample is as quickly had as copied, so that keeping it in memory is of no use.
  virtual bool gains_from_cache() const { return true; }
  // What opening it passed over and a person should know of: sentences, for check.h.
  virtual std::vector<std::string> notes() const { return {}; }
  // Holds the stored sample against its checksum, where there is one. Throws DataError.
  virtual void verify(int64_t /*index*/) const {}
};

struct DataOptions;  // options.h

enum class Split { kTrain, kVal };

// Opens data.train or data.val of the options, or a part of data.train where data.split or
// data.fold says so, with the cache that they ask for.
std::shared_ptr<const Dataset> open_dataset(const DataOptions& options, Split split);

}  // namespace stoker::data
