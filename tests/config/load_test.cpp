// Files that extend each other, merging, and overrides of the command line.
#include "stoker/config/load.h"

#include "config/support.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::test;
namespace fs = std::filesystem;

namespace {

// Files in a folder of their own; messages are compared without the folder's name.
class Files {
 public:
  fs::path add(const std::string& name, std::string_view text) {
    fs::create_directories((folder_.path() / name).parent_path());
    write_file(folder_.path() / name, text);
    return folder_.path() / name;
  }
  fs::path at(const std::string& name) const { return folder_.path() / name; }
  config::Loaded<TestOptions> load(const std::string& name,
                                   const std::vector<std::string>& overrides = {}) const {
    return config::load<TestOptions>(at(name), overrides);
  }
  std::string error(const std::string& name, const std::vector<std::string>& overrides = {}) const {
    return shorten(message_of([&] { load(name, overrides); }));
  }
  std::string shorten(std::string text) const {
    const std::string folder = folder_.path().string() + "/";
    for (size_t i; (i = text.find(folder)) != std::string::npos;) text.erase(i, folder.size());
    return text;
  }

 private:
  TemporaryFolder folder_;
};

// The options of `text` with the overrides.
config::Loaded<TestOptions> with(std::string_view text, const std::vector<std::string>& overrides) {
  Files files;
  files.add("a.yaml", text);
  return files.load("a.yaml", overrides);
}

std::string error_with(std::string_view text, const std::vector<std::string>& overrides) {
  Files files;
  files.add("a.yaml", text);
  return files.error("a.yaml", overrides);
}

const SgdOptions& sgd(const config::Loaded<TestOptions>& loaded) {
  return loaded.options.optimizer.as<SgdOptions>();
}

}  // namespace

TEST_CASE("a file holds where it speaks, what it extends where it is silent") {
  Files files;
  files.add("base/a.yaml", "seed: 1\nname: a\ntrain: {epochs: 3, batch_size: 8}\nwidths: [1, 2]");
  files.add("base/b.yaml", "extends: a.yaml\nseed: 2\ntrain: {epochs: 4}");
  files.add("c.yaml", "seed: 3\nextends: base/b.yaml\nwidths: [9]\ntrain:\n  precision: bf16");
  const auto loaded = files.load("c.yaml");
  CHECK(loaded.options.seed == 3);
  CHECK(loaded.options.name == "a");
  CHECK(loaded.options.train.epochs == 4);
  CHECK(loaded.options.train.batch_size == 8);
  CHECK(loaded.options.train.precision == Precision::kBf16);
  CHECK(loaded.options.widths == std::vector<int64_t>{9});
  const auto place = [&](const char* key) {
    return files.shorten(to_string(loaded.provenance.at(key)));
  };
  CHECK(place("seed") == "c.yaml:1");
  CHECK(place("train.epochs") == "base/b.yaml:3");
  CHECK(place("train.batch_size") == "base/a.yaml:3");
  CHECK(place("train.precision") == "c.yaml:5");
}

TEST_CASE("of several files that are extended, the later ones win") {
  Files files;
  files.add("a.yaml", "seed: 1\nname: a");
  files.add("b.yaml", "seed: 2");
  files.add("c.yaml", "extends: [a.yaml, b.yaml]");
  const auto loaded = files.load("c.yaml");
  CHECK(loaded.options.seed == 2);
  CHECK(loaded.options.name == "a");
}

TEST_CASE("mistakes are placed in the file that makes them") {
  Files files;
  files.add("a.yaml", "sed: 1\ntrain: {epochs: x}");
  files.add("b.yaml", "extends: a.yaml\n\nnam: 2");
  CHECK(files.error("b.yaml") ==
        "a.yaml:1: sed: unknown key; did you mean `seed`?\n"
        "a.yaml:2: train.epochs: read \"x\", expected a number above 0.\n"
        "b.yaml:3: nam: unknown key; did you mean `name`?");
}

TEST_CASE(
    "mistakes are in the order of lines, though the file below has its keys in another order") {
  Files files;
  files.add("a.yaml", "seed: 1\nname: a");
  files.add("b.yaml", "extends: a.yaml\nname: [x]\nseed: x");
  CHECK(files.error("b.yaml") ==
        "b.yaml:2: name: read a list, expected text.\n"
        "b.yaml:3: seed: read \"x\", expected a whole number.");
}

TEST_CASE("files that cannot be read are named with what was probably meant") {
  Files files;
  files.add("cifar10.yaml", "seed: 1");
  files.add("folder/x.yaml", "seed: 1");
  CHECK(files.error("cifra10.yaml") == "cifra10.yaml: no such file; did you mean `cifar10.yaml`?");
  CHECK(files.error("cifar10") == "cifar10: no such file; did you mean `cifar10.yaml`?");
  CHECK(files.error("other.yaml") == "other.yaml: no such file.");
  CHECK(files.error("nowhere/a.yaml") == "nowhere/a.yaml: no such file.");
  CHECK(files.error("folder") == "folder: is a folder, expected a YAML file.");
  files.add("b.yaml", "seed: 1\nextends: cifar11.yaml");
  CHECK(files.error("b.yaml") ==
        "b.yaml:2: extends: cifar11.yaml: no such file; did you mean `cifar10.yaml`?");
  files.add("list.yaml", "- 1");
  CHECK(files.error("list.yaml") ==
        "list.yaml:1: read a list, expected keys with their values, such as `seed: 0`.");
  for (const std::string_view text :
       {"extends: {a: 1}", "extends: [[a]]", "extends: ''", "extends:"}) {
    files.add("c.yaml", text);
    CHECK(files.error("c.yaml").find("expected the path of a YAML file or a list of paths.") !=
          std::string::npos);
  }
  files.add("large.yaml", std::string(10'000'000, 'a'));
  CHECK(files.error("large.yaml").find("1.0 MiB") != std::string::npos);
}

TEST_CASE("circles, towers and crowds of files are refused") {
  Files files;
  files.add("self.yaml", "extends: ./self.yaml");
  CHECK(files.error("self.yaml") ==
        "self.yaml:1: extends: the files extend each other in a circle: "
        "self.yaml → self.yaml.");
  files.add("a.yaml", "extends: sub/b.yaml");
  files.add("sub/b.yaml", "extends: ../a.yaml");
  CHECK(files.error("a.yaml") ==
        "sub/b.yaml:1: extends: the files extend each other in a circle: "
        "a.yaml → sub/b.yaml → a.yaml.");
  for (int i = 0; i < 20; ++i) {
    const std::string next = "t" + std::to_string(i + 1) + ".yaml";
    files.add("t" + std::to_string(i) + ".yaml", "extends: " + next);
    files.add("w" + std::to_string(i) + ".yaml", "extends: [w" + std::to_string(i + 1) +
                                                     ".yaml, w" + std::to_string(i + 1) + ".yaml]");
  }
  CHECK(files.error("t0.yaml") == "t15.yaml:1: extends: more than 16 files extend each other.");
  files.add("w8.yaml", "seed: 1");
  CHECK(files.error("w0.yaml").find("more than 64 files") != std::string::npos);
}

TEST_CASE("another name drops the options that belong to the old one") {
  const auto merged = [](std::string_view lower, std::string_view upper) {
    return config::print_flow(config::merge(parse(lower), parse(upper)));
  };
  CHECK(merged("m: {name: a, x: 1}", "m: {name: b, z: 2}") == "{m: {name: b, z: 2}}");
  CHECK(merged("m: {name: a, x: 1}", "m: {name: a, z: 2}") == "{m: {name: a, x: 1, z: 2}}");
  CHECK(merged("m: {name: a, x: 1}", "m: {z: 2}") == "{m: {name: a, x: 1, z: 2}}");
  CHECK(merged("m: {x: 1}", "m: {name: b}") == "{m: {x: 1, name: b}}");
  CHECK(merged("m: {name: a, x: 1}", "m: b") == "{m: b}");
  CHECK(merged("m: {name: a, x: 1}", "m: a") == "{m: {name: a, x: 1}}");
  CHECK(merged("m: a", "m: {x: 1}") == "{m: {name: a, x: 1}}");
  CHECK(merged("m: a", "m: {name: b, x: 1}") == "{m: {name: b, x: 1}}");
  CHECK(merged("m: a", "m: {name: a, x: 1}") == "{m: {name: a, x: 1}}");
  CHECK(merged("m: a", "m: b") == "{m: b}");
  CHECK(merged("m: {x: 1}", "m: [1]") == "{m: [1]}");
  CHECK(merged("m: [1, 2]", "m: {x: 1}") == "{m: {x: 1}}");
  CHECK(merged("m: {x: 1}", "m:") == "{m: null}");
  CHECK(merged("m:", "m: {x: 1}") == "{m: {x: 1}}");
  // The run's own name is no choice.
  CHECK(merged("name: a\nx: 1", "name: b") == "{name: b, x: 1}");
}

TEST_CASE("overrides reach every kind of value") {
  const auto loaded = with("train: {epochs: 3}\nwidths: [1, 2]",
                           {"train.batch_size=512", "train.precision=fp16", "name=a b", "seed=-3",
                            "widths=[8, 16]", "clip=none", "device=cuda:1", "tags=[x]",
                            "mean.0=0.5", "optimizer.lr=2.5e-1", "train.microbatch=auto"});
  const TestOptions& o = loaded.options;
  CHECK(o.train.epochs == 3);
  CHECK(o.train.batch_size == 512);
  CHECK(o.train.precision == Precision::kFp16);
  CHECK(o.name == "a b");
  CHECK(o.seed == -3);
  CHECK(o.widths == std::vector<int64_t>{8, 16});
  CHECK_FALSE(o.clip.has_value());
  CHECK(o.device == "cuda:1");
  CHECK(o.mean == std::vector<double>{0.5});
  CHECK(sgd(loaded).lr == 0.25);
  CHECK(to_string(loaded.provenance.at("seed")) == "override `seed=-3`");
  CHECK(to_string(loaded.provenance.at("train.epochs")).find("a.yaml:1") != std::string::npos);
}

TEST_CASE("the last override of a key holds, and an empty value is empty text") {
  CHECK(with("", {"seed=1", "seed=2"}).options.seed == 2);
  CHECK(with("name: a", {"name="}).options.name.empty());
  CHECK(with("name: a", {"name=x=y"}).options.name == "x=y");
}

TEST_CASE("an override chooses by name") {
  const std::string_view text = "optimizer: {name: sgd, lr: 0.5, momentum: 0.1}";
  for (const char* override : {"optimizer=adam", "optimizer.name=adam", "optimizer={name: adam}"}) {
    const auto loaded = with(text, {override});
    REQUIRE(loaded.options.optimizer.name() == "adam");
    CHECK(loaded.options.optimizer.as<AdamOptions>().lr == 1e-3);
  }
  CHECK(sgd(with(text, {"optimizer=sgd"})).lr == 0.5);
  CHECK(sgd(with("optimizer: sgd", {"optimizer.lr=0.5"})).lr == 0.5);
  const auto both = with(text, {"optimizer=adamw", "optimizer.lr=3"});
  CHECK(both.options.optimizer.as<AdamOptions>().lr == 3);
  CHECK(both.options.optimizer.as<AdamOptions>().eps == 1e-7);
}

TEST_CASE("items of lists are reached by index and by name") {
  const std::string_view text =
      "augment: [flip, pad_crop: {pad: 2, size: 8}]\n"
      "optimizer: {groups: [{match: a}, {match: b, lr_factor: 3}]}";
  const auto loaded = with(
      text, {"augment.pad_crop.pad=5", "augment.0.flip.p=0.25", "augment.1.pad_crop.mode=reflect",
             "optimizer.groups.1.lr_factor=7", "optimizer.groups.2={match: c}"});
  CHECK(loaded.options.augment[0].as<FlipOptions>().p == 0.25);
  const auto& crop = loaded.options.augment[1].as<PadCropOptions>();
  CHECK(crop.pad == 5);
  CHECK(crop.size == 8);
  CHECK(crop.mode == "reflect");
  REQUIRE(sgd(loaded).groups.size() == 3);
  CHECK(sgd(loaded).groups[1].lr_factor == 7);
  CHECK(sgd(loaded).groups[1].match == "b");
  CHECK(sgd(loaded).groups[2].match == "c");
  CHECK(with(text, {"augment.flip.p=0"}).options.augment[0].as<FlipOptions>().p == 0);
  CHECK(with(text, {"augment=[gray]"}).options.augment.size() == 1);
  CHECK(sgd(with("", {"optimizer.groups.0.match=x"})).groups[0].match == "x");
}

TEST_CASE("an override leads into a list that only the defaults hold") {
  TestOptions defaults;
  defaults.name = "usual";
  defaults.augment = {augmentations().pick("flip"), augmentations().pick("pad_crop")};
  const auto with_defaults = [&](std::vector<std::string> overrides) {
    return config::load_overrides(overrides, defaults).options;
  };
  const TestOptions o = with_defaults({"name=other", "augment.pad_crop.pad=9", "widths.1=7"});
  REQUIRE(o.augment.size() == 2);
  CHECK(o.augment[1].as<PadCropOptions>().pad == 9);
  CHECK(o.widths == std::vector<int64_t>{64, 7});
}

TEST_CASE("overrides that cannot be followed say how to write them") {
  const std::string_view text = "augment: [flip, gray, flip]\nwidths: [1]";
  struct Case {
    const char *override, *message;
  };
  for (const Case& c : std::vector<Case>{
           {"seed", "override `seed`: expected `key=value`, for example `train.batch_size=512`."},
           {"=3", "override `=3`: expected `key=value`, for example `train.batch_size=512`."},
           {"train..epochs=3",
            "override `train..epochs=3`: a part of the key is empty; write it as "
            "in `train.batch_size=512`."},
           {".seed=3",
            "override `.seed=3`: a part of the key is empty; write it as in "
            "`train.batch_size=512`."},
           {"sede=3", "override `sede=3`: sede: unknown key; did you mean `seed`?"},
           {"train.epochs=x",
            "override `train.epochs=x`: train.epochs: read \"x\", expected a number above 0."},
           {"seed.x=3", "override `seed.x=3`: seed: read a map, expected a whole number."},
           {"widths.3=1", "override `widths.3=1`: widths: there is no item 3; the list has 1."},
           {"augment.flip.p=1",
            "override `augment.flip.p=1`: augment: 2 items are called flip; say "
            "which by its index, `augment.0`."},
           {"augment.flop.p=1",
            "override `augment.flop.p=1`: augment: no item is called flop; there "
            "are: flip, gray, flip."},
           {"optimizer.groups.x.match=a",
            "override `optimizer.groups.x.match=a`: optimizer.groups: the list is empty; its first "
            "item is `optimizer.groups.0`."},
       }) {
    CHECK(error_with(text, {c.override}) == c.message);
  }
  CHECK(error_with(text, {"seed=[1"}).substr(0, 20) == "override `seed=[1`: ");
  CHECK(error_with(text, {std::string(200, '.') + "=1"}) != "");
  std::string deep = "a";
  for (int i = 0; i < 1000; ++i) deep += ".a";
  CHECK(error_with(text, {deep + "=1"}).find("the key has too many parts.") != std::string::npos);
}
