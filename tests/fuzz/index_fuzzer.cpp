// The index beside a shard.
#include "shards/hostile.h"
#include "target.h"

stoker::test::Verdict stoker::test::judge(Bytes file) {
  std::string text = text_of(file);
  fix_index_crc(text);
  return judge_index(text);
}
