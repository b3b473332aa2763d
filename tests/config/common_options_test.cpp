// Options that every row of a table has, beside those of its own.
#include "stoker/config/compare.h"
#include "stoker/config/config.h"
#include "stoker/config/reference.h"
#include "stoker/config/schema.h"
#include "support.h"
#include "support/catch.h"

namespace stoker::test {
namespace {

struct Narrow {
  int64_t width = 3;
};
void describe(Narrow& o, config::Fields& fields) {
  fields("width", o.width, "channels").positive();
}

struct Bare {};
void describe(Bare&, config::Fields&) {}

struct Shared {
  std::optional<std::string> weights;
  std::vector<std::string> freeze;
};
void describe(Shared& o, config::Fields& fields) {
  fields("weights", o.weights, "where to begin").unset_as("none").fixed_on_resume("loaded once");
  fields("freeze", o.freeze, "what stays");
}

using ModelTable = config::Table<int(int)>;
const ModelTable& models() {
  static const ModelTable table{
      {ModelTable::row<Narrow>(
           "narrow", "of a few channels",
           [](const Narrow& o, int x) { return x + static_cast<int>(o.width); }),
       ModelTable::row<Bare>("bare", "without options", [](const Bare&, int x) { return x; })},
      config::common<Shared>()};
  return table;
}

struct Options {
  config::Choice model = models().pick("narrow");
};
void describe(Options& o, config::Fields& fields) {
  fields("model", o.model, models(), "the network");
}

config::Loaded<Options> load(const std::vector<std::string>& overrides) {
  return config::load_overrides<Options>(overrides);
}

TEST_CASE("options that all rows have are read beside those of the row") {
  auto loaded = load({"model={name: narrow, width: 5, weights: a.safetensors, freeze: [x, y]}"});
  const config::Choice& model = loaded.options.model;
  CHECK(model.as<Narrow>().width == 5);
  CHECK(model.common<Shared>().weights == "a.safetensors");
  CHECK(model.common<Shared>().freeze == std::vector<std::string>{"x", "y"});
  CHECK(models().build(model, 100) == 105);
  CHECK(load({"model=bare", "model.freeze=z"}).options.model.common<Shared>().freeze[0] == "z");
  CHECK_FALSE(load({"model=bare"}).options.model.common<Shared>().weights.has_value());
}

TEST_CASE("they are printed, compared and known to the schema and the reference") {
  auto a = load({"model.weights=a"}), b = load({"model.weights=b"});
  CHECK(config::print_yaml(config::values(a)) ==
        "model:\n  name: narrow\n  width: 3\n  weights: a\n  freeze: []\n");
  const auto changes = config::compare(config::fields_of(a.options), config::fields_of(b.options));
  REQUIRE(changes.size() == 1);
  CHECK(config::to_string(changes[0]) == "model.weights: a → b");
  CHECK(changes[0].reason == "loaded once");
  const std::string schema = config::json_schema(config::fields_of(a.options), "x");
  CHECK(schema.find("\"weights\"") != std::string::npos);

  Options defaults;
  const std::string page = config::reference_page(config::fields_of(defaults), "");
  CHECK(page.find("`weights`") == page.rfind("`weights`"));  // once, not again for each row
  CHECK(page.find("Every `model` has these options") != std::string::npos);
  CHECK(page.find("`weights`") < page.find("`model`: narrow"));
}

TEST_CASE("a slip in one of them is found among both kinds") {
  CHECK(message_of([] { load({"model.wieghts=a"}); }).find("did you mean `weights`?") !=
        std::string::npos);
  CHECK(message_of([] { load({"model={name: bare, width: 3}"}); }).find("model.width") !=
        std::string::npos);
}

}  // namespace
}  // namespace stoker::test
