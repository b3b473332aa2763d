#include "stoker/callbacks/record_file.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/log.h"

namespace stoker::callbacks {

RecordFile::RecordFile(FileSystem& files, const std::filesystem::path& path)
    : files_(files),
      path_(path),
      file_(files.open_to_append(path)),
      size_bytes_(std::filesystem::file_size(path)) {}

void RecordFile::append(std::string_view record) {
  try {
    file_->append(as_bytes(record));
  } catch (const FileError& error) {
    log().warn("{}; trying once more", error.what());
    rewrite(record);
  }
  size_bytes_ += record.size();
}

void RecordFile::rewrite(std::string_view record) {
  std::string whole = read_file(path_);
  whole.resize(std::min<uint64_t>(whole.size(), size_bytes_));
  whole += record;
  write_file_atomically(files_, path_, as_bytes(whole));
  file_ = files_.open_to_append(path_);
}

}  // namespace stoker::callbacks
