// `stoker data get`, `make shapes`, `inspect`, `verify`, `pack` and `index`
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/body.h"
#include "stoker/pack/pack.h"

namespace stoker::app {

struct DataGetArguments {
  std::string name;
  std::string out;
};
struct MakeShapesArguments {
  std::string out = "data/shapes";
  int64_t images = 8000;
  int64_t val_images = 0;  // 0: a quarter of images
  int64_t size = 32;
  uint64_t seed = 0;
  int64_t figures = 0;  // above 0: from none to so many an image
};
struct DataLookArguments {  // of inspect and verify
  std::string path;
  std::string split;
  std::string sheet;
  int32_t images_per_class = 10;
  bool json = false;
  std::string augment_config;
  std::vector<std::string> overrides;
  int32_t samples = 6;
  int32_t draws = 7;
};
struct PackArguments {
  std::string source, out, split;
  std::vector<std::string> overrides;
  pack::PackOptions options;
  int64_t shard_mib = 256;
  std::string on_error;
  bool json = false;
};
struct DataIndexArguments {
  std::string path;
  bool force = false;
};

struct DataBodies {
  Body<DataGetArguments> get = elsewhere<DataGetArguments>;
  Body<MakeShapesArguments> make_shapes = elsewhere<MakeShapesArguments>;
  Body<DataLookArguments> inspect = elsewhere<DataLookArguments>;
  Body<DataLookArguments> inspect_augmented = elsewhere<DataLookArguments>;  // --augment
  Body<DataLookArguments> verify = elsewhere<DataLookArguments>;
  Body<PackArguments> pack = elsewhere<PackArguments>;
  Body<PackArguments> pack_config = elsewhere<PackArguments>;  // its source is a config
  Body<DataIndexArguments> index = elsewhere<DataIndexArguments>;
};
void add_data(CLI::App& app, Action& action, const DataBodies& bodies);

}  // namespace stoker::app
