// Data sets whose images may have any number of labels.
#include "stoker/data/multilabel.h"

#include "data/files.h"
#include "data/named_dataset.h"
#include "stoker/core/error.h"
#include "stoker/data/balanced.h"
#include "stoker/data/class_map.h"
#include "stoker/data/guess.h"
#include "stoker/data/label_table.h"
#include "stoker/data/options.h"
#include "stoker/data/relabelled.h"
#include "stoker/data/split.h"
#include "stoker/data/table.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::write;
using Strings = std::vector<std::string>;
using Labels = std::vector<int32_t>;

struct Manifest {
  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "set/labels.csv";

  std::shared_ptr<const Dataset> open(std::string_view text, const LabelTableOptions& options = {},
                                      Strings classes = {}) {
    write(path, text);
    return open_multilabel_csv(path, options, std::move(classes));
  }
  std::string error(std::string_view text, const LabelTableOptions& options = {},
                    const Strings& classes = {}) {
    return message_of<DataError>([&] { open(text, options, classes); });
  }
};

Labels labels_of(const Dataset& dataset, int64_t index) {
  const auto labels = dataset.labels(index);
  return {labels.begin(), labels.end()};
}

TEST_CASE("a manifest names several labels in one column") {
  Manifest manifest;
  const auto dataset = manifest.open(
      "Labels,other,path\ndog|cat |dog,x,./a.png\n,y,b.png\n\n\"bird, small\",z,sub/c.png\n");
  CHECK(dataset->is_multilabel());
  CHECK(dataset->class_names() == Strings{"bird, small", "cat", "dog"});
  REQUIRE(dataset->size() == 3);
  CHECK(labels_of(*dataset, 0) == Labels{1, 2});
  CHECK(labels_of(*dataset, 1).empty());
  CHECK(labels_of(*dataset, 2) == Labels{0});
  CHECK(dataset->label(0) == 1);
  CHECK(dataset->label(1) == 0);
  CHECK(dataset->key(0) == "a.png");
  CHECK(dataset->name(2) == (manifest.path.parent_path() / "sub/c.png").string());
}

TEST_CASE("labels stand between separators of any kind, and may be numbers") {
  Manifest manifest;
  const auto blanks =
      manifest.open("path,labels\na.png,haze  primary\nb.png,primary", {.separator = " "});
  CHECK(blanks->class_names() == Strings{"haze", "primary"});
  CHECK(labels_of(*blanks, 0) == Labels{0, 1});
  const auto numbers = manifest.open("path,label\na.png,07;1\nb.png,3", {.separator = ";"});
  CHECK(numbers->class_names().size() == 8);
  CHECK(labels_of(*numbers, 0) == Labels{1, 7});
}

TEST_CASE("a manifest has a column of 0 and 1 for each class") {
  Manifest manifest;
  const std::string text = "path,zebra,age,ant\na.png,1,61,0\nb.png,0,7,0\nc.png,1.0,5,1\n";
  const auto dataset = manifest.open(text, {.columns = {"zebra", "ANT"}});
  CHECK(dataset->class_names() == Strings{"zebra", "ant"});
  CHECK(labels_of(*dataset, 0) == Labels{0});
  CHECK(labels_of(*dataset, 1).empty());
  CHECK(labels_of(*dataset, 2) == Labels{0, 1});
  CHECK_THAT(manifest.error(text), Catch::Contains("labels.csv:2:") && Catch::Contains("\"61\"") &&
                                       Catch::Contains("data.label_columns"));
  CHECK(manifest.open("path,x,y\na.png,0,1\n")->class_names() == Strings{"x", "y"});
}

TEST_CASE("mistakes in a file of labels are told with their line") {
  Manifest manifest;
  CHECK_THAT(manifest.error("labels\ncat"), Catch::Contains(":1:") && Catch::Contains("\"path\""));
  CHECK_THAT(manifest.error("path\na.png"), Catch::Contains(":1: the header has no labels"));
  CHECK_THAT(manifest.error("path,a,a\nx.png,0,1"), Catch::Contains("\"a\" comes twice"));
  CHECK_THAT(manifest.error("path,labels\n,cat"), Catch::Contains(":2: the path is empty"));
  CHECK_THAT(manifest.error("path,labels\na.png,cat,dog"), Catch::Contains(":2: 3 fields"));
  CHECK_THAT(manifest.error("path,labels\n"), Catch::Contains("no images"));
  CHECK_THAT(manifest.error("path,labels\na.png,\n"), Catch::Contains("no image has a label"));
  CHECK_THAT(manifest.error("path,a\nx.png,1", {.columns = {"b"}}),
             Catch::Contains("no column \"b\""));
  CHECK_THAT(manifest.error("path,labels\na.png,cat\nb.png,cat|cow", {}, {"cat", "dog"}),
             Catch::Contains(":3: the label \"cow\"") && Catch::Contains("cat, dog"));
}

TEST_CASE("what decorates a set of several labels keeps them") {
  Manifest manifest;
  const std::shared_ptr<const Dataset> set =
      manifest.open("path,labels\na.png,x|y\nb.png,z\nc.png,\nd.png,y|z\ne.png,x");
  const auto merged = map_classes(set, {"y"}, {"w = x, z"}, false);
  CHECK(merged->class_names() == Strings{"w"});
  REQUIRE(merged->size() == 5);  // an image stays without its label
  CHECK(labels_of(*merged, 0) == Labels{0});
  CHECK(labels_of(*merged, 3) == Labels{0});
  CHECK(labels_of(*merged, 2).empty());
  CHECK_THAT(message_of<ConfigError>([&] {
               map_classes(set, {"x", "y", "z"}, {}, false);
             }),
             Catch::Contains("no class"));

  const auto renumbered = relabel(set, {"z", "q", "y", "x"});
  CHECK(labels_of(*renumbered, 0) == Labels{2, 3});
  CHECK(renumbered->label(3) == 0);

  const auto part = part_of(set, {.val = 0.5, .stratified = false}, std::nullopt, Split::kVal);
  for (int64_t i = 0; i < part->size(); ++i) {
    const auto whole = static_cast<int64_t>(part->key(i)[0] - 'a');
    CHECK(labels_of(*part, i) == labels_of(*set, whole));
  }
}

TEST_CASE("a file gives labels to the images of any format") {
  test::TemporaryFolder folder;
  write(folder.path() / "labels.csv", "key,labels\nz,\nb,red|big\na,big\n");
  const auto set = std::make_shared<test::NamedDataset>(
      std::vector<test::NamedDataset::Sample>{{"a", 0}, {"b", 1}}, 2);
  const auto labelled = labelled_by_file(set, folder.path() / "labels.csv", {});
  CHECK(labelled->class_names() == Strings{"big", "red"});
  CHECK(labels_of(*labelled, 0) == Labels{0});
  CHECK(labels_of(*labelled, 1) == Labels{0, 1});
  write(folder.path() / "few.csv", "key,labels\nb,red\n");
  CHECK_THAT(message_of<DataError>([&] { labelled_by_file(set, folder.path() / "few.csv", {}); }),
             Catch::Contains("no line for the image a"));
  write(folder.path() / "twice.csv", "key,labels\nb,red\na,\nb,big\n");
  CHECK_THAT(message_of<DataError>([&] { labelled_by_file(set, folder.path() / "twice.csv", {}); }),
             Catch::Contains("twice.csv:4: \"b\" comes twice"));
}

DataOptions several_shapes() {
  DataOptions options{.format = formats().pick("shapes"), .multilabel = true};
  options.format.as<ShapesFormat>().train_images = 60;
  options.format.as<ShapesFormat>().val_images = 5;
  return options;
}

TEST_CASE("shapes have from none to several figures, and are the same each time") {
  const auto set = open_dataset(several_shapes(), Split::kTrain);
  REQUIRE(set->is_multilabel());
  std::vector<int64_t> images_with(4);
  std::vector<std::byte> first, second;
  for (int64_t i = 0; i < set->size(); ++i) ++images_with.at(set->labels(i).size());
  for (const int64_t images : images_with) CHECK(images > 0);
  const Record record = set->get(7, first);
  REQUIRE(record.is_decoded());
  const auto again = open_dataset(several_shapes(), Split::kTrain);
  again->get(7, second);
  CHECK(first == second);
  CHECK(labels_of(*again, 7) == labels_of(*set, 7));
  CHECK(set->recipe(7) !=
        open_dataset({.format = formats().pick("shapes")}, Split::kTrain)->recipe(7));
}

TEST_CASE("options say whether images have several labels") {
  test::TemporaryFolder folder;
  write(folder.path() / "train.csv", "path,labels\na.png,x|y\n");
  write(folder.path() / "val.csv", "path,labels\nb.png,y\n");
  DataOptions options{.format = formats().pick("csv"), .root = folder.path().string()};
  options.multilabel = true;
  CHECK(labels_of(*open_dataset(options, Split::kVal), 0) == Labels{1});
  const std::vector<FoundSplit> found = find_splits(folder.path() / "train.csv");
  REQUIRE(found.size() == 1);
  CHECK(found[0].options.multilabel);
  std::filesystem::create_directories(folder.path() / "train");
  const std::vector<FoundSplit> both = find_splits(folder.path());
  REQUIRE(both.size() == 2);
  CHECK(both[1].name == "val");
  CHECK(labels_of(*open_dataset(both[1].options, both[1].split), 0) == Labels{1});
  write(folder.path() / "one.csv", "path,label\na.png,x\n");
  CHECK_FALSE(find_splits(folder.path() / "one.csv")[0].options.multilabel);
}

TEST_CASE("keys of labels that do not go with the task are refused without a look at the disk") {
  DataOptions shapes = several_shapes();
  shapes.multilabel = false;
  CHECK_NOTHROW(check_options(shapes));
  shapes.label_separator = ";";
  CHECK_THAT(message_of<ConfigError>([&] { check_options(shapes); }),
             Catch::StartsWith("data.label_separator is for several labels"));
  shapes.multilabel = true;
  CHECK_THAT(message_of<ConfigError>([&] { check_options(shapes); }),
             Catch::Contains("shapes has none"));
  shapes.multilabel = false;
  shapes.label_separator = "|";
  shapes.label_columns = {"a"};
  CHECK_THAT(message_of<ConfigError>([&] { check_options(shapes); }),
             Catch::StartsWith("data.label_columns is for several labels"));
  shapes.labels = "x.csv";
  CHECK_THAT(message_of<ConfigError>([&] { open_dataset(shapes, Split::kTrain); }),
             Catch::StartsWith("data.labels is for") && Catch::Contains("task: multilabel"));
  for (const char* format : {"image_folder", "cifar", "idx", "shards"}) {
    CAPTURE(format);
    DataOptions options{.format = formats().pick(format), .root = "none", .multilabel = true};
    CHECK_THAT(message_of<ConfigError>([&] { check_options(options); }),
               Catch::StartsWith(fmt::format("data.format: {} knows one label", format)) &&
                   Catch::Contains("data.labels"));
    options.labels = "labels.csv";
    CHECK_NOTHROW(check_options(options));
  }
}

TEST_CASE("manifests of splits are found in any case, and class folders stay what they are") {
  const test::TemporaryFolder folder;
  const auto names = [&] {
    Strings list;
    for (const FoundSplit& split : find_splits(folder.path()))
      list.push_back(fmt::format("{}:{}", split.name, split.options.val));
    return list;
  };
  write(folder.path() / "Train.CSV", "path,label\na/1.png,x\nb/1.png,y\n");
  write(folder.path() / "test.csv", "path,label\na/1.png,x\n");
  write(folder.path() / "notes.csv", "word\n");
  CHECK(names() == Strings{"Train:Train.CSV", "test:test.csv"});
  CHECK_FALSE(find_splits(folder.path())[0].options.multilabel);
  for (const char* name : {"a/1.png", "b/1.png"})
    write(folder.path() / name, test::plain_png(4, 3, 9));
  CHECK(find_splits(folder.path())[0].options.format.name() == "image_folder");
  write(folder.path() / "Train.CSV", "path,x,y\na/1.png,1,0\nb/1.png,1,1\n");
  CHECK(names() == Strings{"Train:Train.CSV", "test:test.csv"});
  CHECK(find_splits(folder.path())[1].options.multilabel);
}

TEST_CASE("a manifest is of several labels by its header, or by its first row") {
  const test::TemporaryFolder folder;
  const auto several = [&](std::string_view text) {
    write(folder.path() / "m.csv", text);
    return names_several_labels(folder.path() / "m.csv");
  };
  CHECK(several("path,labels\n"));
  CHECK(several("KEY,cat,dog\n7,0,1.0\n"));
  CHECK_FALSE(several("path,label,cat\na.png,x,1\n"));
  CHECK_FALSE(several("path,class\na.png,cat\n"));
  CHECK_FALSE(several("name,cat\na.png,1\n"));
  CHECK_FALSE(several("path\na.png\n"));
}

}  // namespace
}  // namespace stoker::data
