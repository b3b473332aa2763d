#include "stoker/data/csv.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/data/csv_reader.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::plain_png;
using test::write;
using Strings = std::vector<std::string>;

std::vector<Strings> rows_of(std::string_view text) {
  CsvReader reader(text, "t.csv");
  std::vector<Strings> rows;
  while (reader.next()) rows.push_back(reader.fields());
  return rows;
}

TEST_CASE("CSV rows follow RFC 4180", "[csv]") {
  CHECK(rows_of("").empty());
  CHECK(rows_of("\n\r\n\n").empty());
  CHECK(rows_of("a,b\r\nc,d\n") == std::vector<Strings>{{"a", "b"}, {"c", "d"}});
  CHECK(rows_of("\xEF\xBB\xBF"
                "a,b") == std::vector<Strings>{{"a", "b"}});
  CHECK(rows_of("\"a,\"\"x\"\"\",b\n") == std::vector<Strings>{{"a,\"x\"", "b"}});
  CHECK(rows_of("\"two\nlines\",\n") == std::vector<Strings>{{"two\nlines", ""}});
  CHECK(rows_of(",") == std::vector<Strings>{{"", ""}});
  CHECK_THAT(message_of<DataError>([] { rows_of("a,b\n\nc,\"d\ne"); }),
             Catch::Contains("t.csv:3:") && Catch::Contains("never closed"));
  CHECK_THAT(message_of<DataError>([] { rows_of("a\n\"b\"c"); }), Catch::Contains("t.csv:2:"));
}

struct Manifest {
  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "set/labels.csv";

  std::shared_ptr<const Dataset> open(std::string_view text) {
    write(path, text);
    return open_csv(path, csv_classes(path));
  }
  std::string error(std::string_view text) {
    return message_of<DataError>([&] { open(text); });
  }
};

TEST_CASE("a manifest labels by name", "[csv]") {
  Manifest manifest;
  const auto dataset = manifest.open(
      "split,label,path\nx,dog,images/1.png\ny,cat,\"images/2, b.png\"\n\nx,dog,/abs.png");
  CHECK(dataset->class_names() == Strings{"cat", "dog"});
  REQUIRE(dataset->size() == 3);
  CHECK(dataset->label(0) == 1);
  CHECK(dataset->label(1) == 0);
  CHECK(dataset->name(1) == (manifest.path.parent_path() / "images/2, b.png").string());
  CHECK(dataset->name(2) == "/abs.png");
  write(manifest.path.parent_path() / "images/1.png", plain_png(6, 5, 3));
  std::vector<std::byte> scratch;
  CHECK(dataset->get(0, scratch).encoded.size() > 8);
  CHECK_THROWS_AS(dataset->get(1, scratch), DataError);
}

TEST_CASE("a manifest is read as spreadsheets and other tools write it", "[csv]") {
  Manifest manifest;
  for (const char* text : {
           "\xEF\xBB\xBFPath,Label\r\na.png,cat\r\n\"b, c.png\",dog\r\n\r\n\r\n",
           "LABEL,path\ncat,a.png\ndog,\"b, c.png\"\n \n",
           "path, label\na.png,cat\n\"b, c.png\" , \"dog\"\n,,\n",
           "path,label,,\na.png,cat,,\n\"b, c.png\",dog,,\n,,,\n",
           "path,label,,\na.png,cat\n\"b, c.png\",dog\n",
           "path,label\na.png,cat,\n\"b, c.png\",dog, ,\n",
           "path;label\na.png;cat\nb, c.png;dog\n",
           "path\tlabel\na.png\tcat\nb, c.png\tdog\r",
           "sep=;\r\npath;label\r\na.png;cat\r\nb, c.png;dog\r\n",
           "\n\"SEP=|\"\npath|label\na.png|cat\nb, c.png|dog\n",
           "sep=,\npath,label\na.png,cat\n\"b, c.png\",dog\n",
           "sep=\t\npath\tlabel\na.png\tcat\nb, c.png\tdog\n",
       }) {
    CAPTURE(text);
    const auto dataset = manifest.open(text);
    CHECK(dataset->class_names() == Strings{"cat", "dog"});
    REQUIRE(dataset->size() == 2);
    CHECK(dataset->name(1) == (manifest.path.parent_path() / "b, c.png").string());
    CHECK(dataset->label(1) == 1);
  }
  CHECK(manifest.open("path,label\na,\"two\r\nlines\"\nb,x\n")->class_names() ==
        Strings{"two\r\nlines", "x"});
  CHECK(manifest.open("path, label\na, 1\nb, 0\n")->class_names() == Strings{"0", "1"});
  CHECK_THAT(manifest.error("\xFF\xFEp"), Catch::Contains("labels.csv: the text is UTF-16"));
}

TEST_CASE("a manifest labels by number when all labels are numbers", "[csv]") {
  Manifest manifest;
  const auto dataset = manifest.open("path,label\na,3\nb,07\nc,0\n");
  CHECK(dataset->class_names().size() == 8);
  CHECK(dataset->label(1) == 7);
  CHECK(manifest.open("path,label\na,3\nb,three\n")->class_names() == Strings{"3", "three"});
}

TEST_CASE("a manifest's mistakes are told with file and line", "[csv]") {
  Manifest manifest;
  CHECK_THAT(message_of<DataError>([&] { csv_classes(manifest.path); }),
             Catch::Contains("no such file"));
  CHECK_THAT(manifest.error(""), Catch::Contains("empty"));
  CHECK_THAT(manifest.error("path,label\n"), Catch::Contains("only a header"));
  CHECK_THAT(manifest.error("file,label\na,b\n"),
             Catch::Contains("labels.csv:1:") && Catch::Contains("no column \"path\""));
  CHECK_THAT(manifest.error("sep=;\nfile;label\na;b\n"), Catch::Contains("labels.csv:2:"));
  CHECK_THAT(manifest.error("sep=;\npath;label\na;b\nc\n"),
             Catch::Contains("labels.csv:4: 1 fields"));
  CHECK_THAT(manifest.error(std::string("path,label\na\0.png,b\n", 21)),
             Catch::Contains("labels.csv: a zero byte in line 2"));
  CHECK_THAT(manifest.error("path,label\na,b\nc\n"),
             Catch::Contains("labels.csv:3: 1 fields, but the header names 2"));
  CHECK_THAT(manifest.error("path,label\n,b\n"), Catch::Contains(":2: the path is empty"));
  CHECK_THAT(manifest.error("path,label\na,\n"), Catch::Contains(":2: the label is empty"));
  for (const char* label : {"1000000", "-1", "99999999999999999999"})
    CHECK_THAT(
        manifest.error(fmt::format("path,label\na,0\nb,{}\n", label)),
        Catch::Contains(fmt::format("labels.csv:3: the label {} is no class number", label)));
  // Beside a word they are words.
  CHECK(manifest.open("path,label\na,-1\nb,x\n")->class_names() == Strings{"-1", "x"});
  write(manifest.path, "path,label\na,cat\nb,cow\n");
  CHECK_THAT(message_of<DataError>([&] { open_csv(manifest.path, {"cat"}); }),
             Catch::Contains("labels.csv:3: the label \"cow\" is not one of the 1 classes"));
}

}  // namespace
}  // namespace stoker::data
