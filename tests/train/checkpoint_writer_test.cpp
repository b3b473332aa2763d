#include "stoker/train/checkpoint_writer.h"

#include <ATen/ops/arange.h>

#include <mutex>

#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"
#include "train/contents.h"

using namespace stoker;
using namespace stoker::train;
using namespace stoker::test;

namespace {

// A disk on which nothing goes on until it is told to.
class HeldFiles : public FaultyFiles {
 public:
  HeldFiles() : FaultyFiles(real_file_system()) { gate_.lock(); }
  void open() { gate_.unlock(); }
  void make_directory(const fs::path& path) override {
    const std::lock_guard wait(gate_);
    FaultyFiles::make_directory(path);
  }

 private:
  std::mutex gate_;
};

}  // namespace

TEST_CASE("a save holds the state of its start, whatever training does meanwhile") {
  const TemporaryFolder folder;
  HeldFiles files;
  CheckpointStore store(files, folder.path());
  CheckpointWriter writer(store, {});
  const at::Tensor filter = at::arange(120).to(at::kFloat).reshape({2, 3, 4, 5});
  // In the layout of training on the CPU.
  const at::Tensor live = filter.clone().contiguous(at::MemoryFormat::ChannelsLast);
  CheckpointContent state = content(3);
  state.model = {{"conv.weight", live}};
  writer.start(3, state);
  CHECK_FALSE(writer.poll());
  live.zero_();
  files.open();
  const auto result = writer.wait();
  REQUIRE(result);
  REQUIRE_FALSE(result->error);
  CHECK(result->folder == folder.path() / "step-00000003");
  CHECK(read_checkpoint(runs::WholeCheckpoint(result->folder)).model[0].second.equal(filter));
  CHECK_FALSE(writer.wait());
}

TEST_CASE("one save at a time, and none is forgotten") {
  const TemporaryFolder folder;
  CheckpointStore store(real_file_system(), folder.path());
  {
    CheckpointWriter writer(store, {});
    CHECK_FALSE(writer.poll());
    writer.start(1, content(1));
    CHECK_THROWS_AS(writer.start(2, content(2)), InternalError);
    CHECK(writer.wait());
    writer.start(2, content(2));
  }
  CHECK(same(read_checkpoint(*runs::newest_whole(folder.path())), content(2)));
}

TEST_CASE("a save that fails is told with the file, and the next one is tried") {
  const TemporaryFolder folder;
  FaultyFiles files(real_file_system(), {.at = 5, .kind = Fault::Kind::kNoSpace});
  CheckpointStore store(files, folder.path());
  CheckpointWriter writer(store, {});
  writer.start(1, content(1));
  const auto result = writer.wait();
  REQUIRE(result->error);
  CHECK_THROWS_WITH(
      std::rethrow_exception(result->error),
      Catch::Contains(".safetensors: not written") && Catch::Contains("No space left"));
  CHECK(result->folder.empty());
  writer.start(2, content(2));
  CHECK_FALSE(writer.wait()->error);
}
