// YAML to a tree; what is read is printed and reads back.
#include "stoker/config/print.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "target.h"

stoker::test::Verdict stoker::test::judge(Bytes file) {
  using namespace config;
  const Location source{.origin = Origin::kFile, .source = "a.yaml"};
  std::string printed;
  try {
    const Node tree = parse_yaml(text_of(file), source, {.size_bytes = 1 << 16, .nodes = 1000});
    (void)print_json(tree);
    (void)show(tree);
    if (!tree.is_map()) return Verdict::kSound;
    printed = print_yaml(tree);
  } catch (const ConfigError&) {
    return Verdict::kRefused;
  }
  try {
    return print_yaml(parse_yaml(printed, source)) == printed ? Verdict::kSound : Verdict::kUnsound;
  } catch (const ConfigError&) {
    return Verdict::kUnsound;
  }
}
