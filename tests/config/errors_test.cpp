// Every mistake a reader can find, with the exact message a user sees.
#include "config/support.h"

using namespace stoker;
using namespace stoker::test;

namespace {

struct Case {
  std::string_view text;
  std::string_view message;
};

}  // namespace

TEST_CASE("a mistake is said with its place, its key, what was read and what is allowed") {
  const std::vector<Case> cases = {
      {"nmae: a", "a.yaml:1: nmae: unknown key; did you mean `name`?"},
      {"name: a\nzzz: 1",
       "a.yaml:2: zzz: unknown key; the keys here are name, seed, clip, device, widths, mean, "
       "tags, "
       "train, optimizer, augment."},
      {"'a b': 1",
       "a.yaml:1: \"a b\": unknown key; the keys here are name, seed, clip, device, "
       "widths, mean, tags, train, optimizer, augment."},
      {"epochs: 3", "a.yaml:1: epochs: unknown key; did you mean `train.epochs`?"},
      {"train:\n  epoch: 3", "a.yaml:2: train.epoch: unknown key; did you mean `epochs`?"},
      {"train: 5", "a.yaml:1: train: read 5, expected keys with their values."},
      {"train:", "a.yaml:1: train: read nothing, expected keys with their values."},
      {"train: [1]", "a.yaml:1: train: read a list, expected keys with their values."},
      // whole numbers
      {"train: {batch_size: big}",
       "a.yaml:1: train.batch_size: read \"big\", expected a whole number at least 1."},
      {"train: {batch_size: 0}",
       "a.yaml:1: train.batch_size: read 0, expected a whole number at least 1."},
      {"train: {batch_size: 1.5}",
       "a.yaml:1: train.batch_size: read 1.5, expected a whole number at least 1."},
      {"train: {batch_size: '8'}",
       "a.yaml:1: train.batch_size: read \"8\", expected a whole number at least 1; remove the "
       "quotes."},
      {"train: {batch_size: true}",
       "a.yaml:1: train.batch_size: read true, expected a whole number at least 1."},
      {"train: {batch_size: ~}",
       "a.yaml:1: train.batch_size: read nothing, expected a whole number at least 1."},
      {"seed: 9223372036854775808",
       "a.yaml:1: seed: read 9223372036854775808, expected a whole number; it does not fit in 64 "
       "bits."},
      {"seed: 1_000", "a.yaml:1: seed: read \"1_000\", expected a whole number."},
      {"seed: 1,000", "a.yaml:1: seed: read \"1,000\", expected a whole number."},
      {"seed: 007", "a.yaml:1: seed: read 007, expected a whole number; remove the leading zero."},
      {"seed: 0x10", "a.yaml:1: seed: read \"0x10\", expected a whole number."},
      {"seed: 1e30", "a.yaml:1: seed: read 1e30, expected a whole number."},
      {"seed: 1e999",
       "a.yaml:1: seed: read 1e999, expected a whole number; it is too large or too small for a "
       "number."},
      {"seed: -x", "a.yaml:1: seed: read \"-x\", expected a whole number."},
      {"train: {microbatch: many}",
       "a.yaml:1: train.microbatch: read \"many\", expected a whole number at least 1 or `auto`."},
      // numbers
      {"train: {epochs: 0}", "a.yaml:1: train.epochs: read 0, expected a number above 0."},
      {"train: {epochs: .nan}",
       "a.yaml:1: train.epochs: read \".nan\", expected a number above 0."},
      {"train: {epochs: .inf}",
       "a.yaml:1: train.epochs: read \".inf\", expected a number above 0."},
      {"train: {epochs: inf}", "a.yaml:1: train.epochs: read \"inf\", expected a number above 0."},
      {"train: {epochs: nan}", "a.yaml:1: train.epochs: read \"nan\", expected a number above 0."},
      {"train: {epochs: 1e400}",
       "a.yaml:1: train.epochs: read 1e400, expected a number above 0; it is too large or too "
       "small "
       "for a number."},
      {"train: {epochs: 1e}", "a.yaml:1: train.epochs: read \"1e\", expected a number above 0."},
      {"train: {epochs: 3 epochs}",
       "a.yaml:1: train.epochs: read \"3 epochs\", expected a number above 0."},
      {"clip: 0", "a.yaml:1: clip: read 0, expected a number above 0 or `none`."},
      {"clip: auto", "a.yaml:1: clip: read \"auto\", expected a number above 0 or `none`."},
      {"optimizer: {momentum: 1.5}",
       "a.yaml:1: optimizer.momentum: read 1.5, expected a number from 0 to 1."},
      // truth values
      {"optimizer: {nesterov: yes}",
       "a.yaml:1: optimizer.nesterov: read \"yes\", expected true or false."},
      {"optimizer: {nesterov: 1}", "a.yaml:1: optimizer.nesterov: read 1, expected true or false."},
      {"optimizer: {nesterov: 'true'}",
       "a.yaml:1: optimizer.nesterov: read \"true\", expected true or false; remove the quotes."},
      // words
      {"train: {precision: bf61}",
       "a.yaml:1: train.precision: read \"bf61\", expected one of fp32, bf16, fp16; did you mean "
       "`bf16`?"},
      {"train: {precision: 32}",
       "a.yaml:1: train.precision: read 32, expected one of fp32, bf16, fp16."},
      {"train: {precision: {}}",
       "a.yaml:1: train.precision: read a map, expected one of fp32, bf16, fp16."},
      {"name: [a]", "a.yaml:1: name: read a list, expected text."},
      {"name:", "a.yaml:1: name: read nothing, expected text."},
      // lists
      {"widths: 0", "a.yaml:1: widths: read 0, expected a list of whole numbers above 0."},
      {"widths:\n- 8\n- 0", "a.yaml:3: widths.1: read 0, expected a whole number above 0."},
      {"mean: [0.5, x]", "a.yaml:1: mean.1: read \"x\", expected a number from 0 to 1."},
      {"tags: [[a]]", "a.yaml:1: tags.0: read a list, expected text."},
      {"optimizer: {groups: {match: a}}",
       "a.yaml:1: optimizer.groups: read a map, expected a list of items with keys and values."},
      {"optimizer: {groups: [a]}",
       "a.yaml:1: optimizer.groups.0: read \"a\", expected keys with their values."},
      {"optimizer:\n  groups:\n  - lr_factor: 1",
       "a.yaml:3: optimizer.groups.0.match: is missing; expected text: expression found in the "
       "parameter's name."},
      {"optimizer: {groups: [{match: a, lr_fator: 2}]}",
       "a.yaml:1: optimizer.groups.0.lr_fator: unknown key; did you mean `lr_factor`?"},
      // choices
      {"optimizer: sgdd",
       "a.yaml:1: optimizer: read \"sgdd\", expected one of sgd, adam, adamw; did you mean `sgd`?"},
      {"optimizer:\n  name: adma",
       "a.yaml:2: optimizer.name: read \"adma\", expected one of sgd, adam, adamw; did you mean "
       "`adam`?"},
      {"optimizer: {name: [sgd]}",
       "a.yaml:1: optimizer.name: read a list, expected one of sgd, adam, adamw."},
      {"optimizer: [sgd]",
       "a.yaml:1: optimizer: read a list, expected one of sgd, adam, adamw, or a map with that "
       "`name` and its options."},
      {"optimizer: {name: adam, momentum: 0.9}",
       "a.yaml:1: optimizer.momentum: unknown key; the keys here are name, lr, eps."},
      {"optimizer: {momentmu: 0.9}",
       "a.yaml:1: optimizer.momentmu: unknown key; did you mean `momentum`?"},
      {"augment: flip",
       "a.yaml:1: augment: read \"flip\", expected a list of pad_crop, flip, gray."},
      {"augment: [flpi]",
       "a.yaml:1: augment.0: read \"flpi\", expected one of pad_crop, flip, gray; did you mean "
       "`flip`?"},
      {"augment: [[flip]]",
       "a.yaml:1: augment.0: read a list, expected one of pad_crop, flip, gray."},
      {"augment:\n- flip:\n  p: 0.5",
       "a.yaml:2: augment.0: read the 2 keys flip, p, expected one name with its options below it; "
       "indent the options deeper than the name."},
      {"augment: [{}]",
       "a.yaml:1: augment.0: read an empty map, expected a name such as `- flip`."},
      {"augment: [flip: 0.5]",
       "a.yaml:1: augment.0.flip: read 0.5, expected keys with their values."},
      {"augment:\n- gray\n- pad_crop: {mode: mirror}",
       "a.yaml:3: augment.1.pad_crop.mode: read \"mirror\", expected one of zero, reflect."},
      {"augment: [gray: {p: 1}]",
       "a.yaml:1: augment.0.gray.p: unknown key; there are no options here."},
      // the text that a message repeats is cut and made harmless
      {"name: {}\nseed: \"\\e[31m\\n\"",
       "a.yaml:1: name: read a map, expected text.\n"
       "a.yaml:2: seed: read \"\\x1b[31m\\n\", expected a whole number."},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(read_error(c.text) == c.message);
  }
}

TEST_CASE("all mistakes of a file are said at once, in the order of its lines") {
  CHECK(read_error(R"(optimizer:
  name: sgd
  momentmu: 0.9
seed: x
train:
  epochs: -1
  precision: fp64
colour: red
augment:
  - flop
)") == R"(a.yaml:3: optimizer.momentmu: unknown key; did you mean `momentum`?
a.yaml:4: seed: read "x", expected a whole number.
a.yaml:6: train.epochs: read -1, expected a number above 0.
a.yaml:7: train.precision: read "fp64", expected one of fp32, bf16, fp16.
a.yaml:8: colour: unknown key; the keys here are name, seed, clip, device, widths, mean, tags, train, optimizer, augment.
a.yaml:10: augment.0: read "flop", expected one of pad_crop, flip, gray; did you mean `flip`?)");
}

TEST_CASE("long values are cut and many mistakes are counted") {
  const std::string long_text(300, 'x');
  CHECK(read_error("seed: " + long_text) ==
        "a.yaml:1: seed: read \"" + std::string(60, 'x') + "…\", expected a whole number.");
  std::string many;
  for (int i = 0; i < 1200; ++i) many += "key" + std::to_string(i) + ": 1\n";
  const std::string message = read_error(many);
  CHECK(message.substr(0, 22) == "a.yaml:1: key0: unknow");
  CHECK(message.substr(message.rfind('\n') + 1) == "… and 1150 more.");
}

TEST_CASE("a message never cuts a character in two") {
  // 59 letters, then a character of three bytes across the limit of 60.
  const std::string message = read_error("seed: " + std::string(59, 'x') + "€€");
  CHECK(message ==
        "a.yaml:1: seed: read \"" + std::string(59, 'x') + "…\", expected a whole number.");
}

namespace {

struct Inner {
  std::string root;
};
void describe(Inner& o, config::Fields& fields) {
  fields("root", o.root, "folder of the data").required();
}
struct Outer {
  Inner data;
  config::Choice loss;
};
const TestTable& losses() {
  static const TestTable table{
      TestTable::row<Inner>("file", "from a file", [](const Inner&) { return 0; })};
  return table;
}
void describe(Outer& o, config::Fields& fields) {
  fields("data", o.data, "images");
  fields("loss", o.loss, losses(), "what is minimised");
}

std::string outer_error(std::string_view text) {
  return message_of([&] {
    Outer outer;
    config::Fields fields = config::fields_of(outer);
    config::read_fields(parse(text), fields);
  });
}

}  // namespace

TEST_CASE("a required key is missed even when its whole section is absent") {
  const std::string missing = "data.root: is missing; expected text: folder of the data.";
  CHECK(outer_error("") == "a.yaml: " + missing);
  CHECK(outer_error("# nothing\n") == "a.yaml: " + missing);
  CHECK(outer_error("\ndata: {}") == "a.yaml:2: " + missing);
  CHECK(outer_error("data: {root: a}") == "");
}

TEST_CASE("a choice without a default asks for its name, and for the row's required keys") {
  const std::string data = "data: {root: a}\n";
  CHECK(outer_error(data + "loss:") == "");
  CHECK(outer_error(data + "loss: {root: b}") == "a.yaml:2: loss.name: is missing; expected file.");
  CHECK(outer_error(data + "loss: file") ==
        "a.yaml:2: loss.root: is missing; expected text: folder of the data.");
  CHECK(outer_error(data + "loss: {name: file, root: b}") == "");
}
