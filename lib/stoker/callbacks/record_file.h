// A log that grows by whole records.
//
//   RecordFile lines(files, folder / "metrics.jsonl");
//   lines.append("{\"step\":5}\n");
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "stoker/core/file.h"

namespace stoker::callbacks {

class RecordFile {
 public:
  // Goes on at the end of a file that is there. Throws FileError.
  RecordFile(FileSystem& files, const std::filesystem::path& path);
  // With the system when this returns. What fails is tried once more: the file is rewritten with
  // the records before and this one, so that no half of a record stays in it. Throws FileError
  // where that fails too.
  void append(std::string_view record);

 private:
  void rewrite(std::string_view record);

  FileSystem& files_;
  std::filesystem::path path_;
  std::unique_ptr<WritableFile> file_;
  uint64_t size_bytes_;  // of whole records
};

}  // namespace stoker::callbacks
