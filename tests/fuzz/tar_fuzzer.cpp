// The tar reader, the grouping of members to samples and the headers of plain pixels.
#include "shards/hostile.h"
#include "target.h"

stoker::test::Verdict stoker::test::judge(Bytes file) {
  std::string text = text_of(file);
  fix_checksums(text);
  const std::vector<std::byte> exact(as_bytes(text).begin(), as_bytes(text).end());
  return judge_shard(exact);
}
