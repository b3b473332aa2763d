#include "stoker/config/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <span>

#include "stoker/config/choice.h"
#include "stoker/config/expectation.h"
#include "stoker/config/print.h"
#include "stoker/config/values.h"

namespace stoker::config {

namespace {

// Text for a cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string sentence(std::string_view help) {
  std::string text(help);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text.empty() || text.back() == '.' ? text : text + ".";
}

bool has_section(const Field& field) {
  return std::holds_alternative<StructRef>(field.ref) ||
         std::holds_alternative<StructListRef>(field.ref) ||
         std::holds_alternative<ChoiceRef>(field.ref) ||
         std::holds_alternative<ChoiceListRef>(field.ref);
}

class Page {
 public:
  std::string write(const Fields& fields, std::string_view introduction) {
    text_ = introduction;
    // Keys of the top level that have no section of their own.
    std::vector<Field> plain = fields.list();
    std::erase_if(plain, has_section);
    if (!plain.empty()) text_ += "\n## Top level\n\n" + table(plain, "");
    for (const Field& field : fields.list()) section(field, std::string(field.name), 2);
    return text_;
  }

 private:
  void heading(int level, const std::string& title) {
    text_ += fmt::format("\n{} {}\n\n", std::string(static_cast<size_t>(level), '#'), title);
  }

  static std::string code(const std::string& path) { return fmt::format("`{}`", path); }

  std::string table(const std::vector<Field>& fields, const std::string& path) const {
    std::string rows = "| key | takes | default | meaning |\n|---|---|---|---|\n";
    for (const Field& field : fields) rows += row(field, path);
    return rows;
  }

  static std::string row(const Field& field, const std::string& path) {
    std::string usual = "required";
    if (std::holds_alternative<StructRef>(field.ref)) {
      usual = "";
    } else if (const auto* choice = std::get_if<ChoiceRef>(&field.ref)) {
      usual = choice->value->empty() ? "" : fmt::format("`{}`", choice->value->name());
    } else if (!field.is_required) {
      const std::string value = print_flow(to_node(field, {}, join_path(path, field.name)));
      usual = value == "\"\"" ? "empty" : fmt::format("`{}`", value);
    }
    return fmt::format("| `{}` | {} | {} | {} |\n", field.name, cell(expectation(field)),
                       cell(usual), cell(meaning(field)));
  }

  static std::string meaning(const Field& field) {
    if (!field.name_resume_reason.empty()) {
      return fmt::format("{} (its name is fixed when a run is resumed: {})", field.help,
                         field.name_resume_reason);
    }
    if (field.resume_reason.empty()) return std::string(field.help);
    return fmt::format("{} (fixed when a run is resumed: {})", field.help, field.resume_reason);
  }

  // The options of one struct: its table, then what nests in it.
  void options(const std::vector<Field>& fields, const std::string& path, int level) {
    if (fields.empty()) {
      text_ += "No options.\n";
      return;
    }
    text_ += table(fields, path);
    for (const Field& field : fields) section(field, join_path(path, field.name), level + 1);
  }

  void section(const Field& field, const std::string& path, int level) {
    std::visit([&](const auto& ref) { section_of(ref, field, path, level); }, field.ref);
  }

  template <class T>
  void section_of(const T&, const Field&, const std::string&, int) {}

  void section_of(const StructRef&, const Field& field, const std::string& path, int level) {
    heading(level, code(path));
    text_ += sentence(meaning(field)) + "\n\n";
    options(field.children, path, level);
  }

  void section_of(const StructListRef& ref, const Field& field, const std::string& path,
                  int level) {
    Fields fields;
    const auto item = ref.describe_new(fields);
    std::string body = table(fields.list(), path);
    const auto [first, is_new] = item_tables_.emplace(body, path);
    heading(level, code(path));
    text_ += sentence(meaning(field)) + " A list; each item has:\n\n";
    if (is_new) {
      text_ += body;
      for (const Field& nested : fields.list())
        section(nested, join_path(path, nested.name), level + 1);
    } else {
      text_ += fmt::format("the keys of {}.\n", code(first->second));
    }
  }

  void section_of(const ChoiceRef& ref, const Field& field, const std::string& path, int level) {
    heading(level, code(path));
    const std::string usual =
        ref.value->empty() ? "" : fmt::format(" Without a `name` it is `{}`.", ref.value->name());
    text_ += fmt::format("{} Takes {}.{}\n", sentence(meaning(field)), expectation(field), usual);
    common_options(*ref.table, path, level);
    rows(
        *ref.table, path, level + 1,
        [&](const Alternative& row) {
          return row.name == ref.value->name() ? *ref.value : ref.table->pick(row.name);
        },
        [&](const Alternative&) { return path; });
  }

  void section_of(const ChoiceListRef& ref, const Field& field, const std::string& path,
                  int level) {
    heading(level, code(path));
    text_ += fmt::format("{} Takes {}, each with its options below it.\n", sentence(meaning(field)),
                         expectation(field));
    rows(
        *ref.table, path, level + 1,
        [&](const Alternative& row) { return ref.table->pick(row.name); },
        [&](const Alternative& row) { return join_path(path, row.name); });
  }

  // What may stand beside every `name`, said once and not again under each row.
  void common_options(const Alternatives& alternatives, const std::string& path, int level) {
    if (alternatives.rows().empty()) return;
    Choice choice = alternatives.pick(alternatives.rows().front().name);
    Fields fields;
    alternatives.describe_common(choice, fields);
    if (fields.list().empty()) return;
    text_ += fmt::format("\nEvery `{}` has these options; those of a name follow.\n\n", path);
    options(fields.list(), path, level);
  }

  // options_path: of a row's options; a choice has them beside its `name`, a list's item below it.
  template <class Pick, class Path>
  void rows(const Alternatives& table, const std::string& path, int level, const Pick& pick,
            const Path& options_path) {
    const std::span<const Alternative> all = table.rows();
    for (size_t begin = 0; begin < all.size();) {
      const std::string plain = plain_body(table, pick(all[begin]), path, options_path(all[begin]));
      size_t end = begin + 1;
      while (!plain.empty() && end < all.size() &&
             plain == plain_body(table, pick(all[end]), path, options_path(all[end])))
        ++end;
      if (end - begin < kFewestTogether) end = begin + 1;
      headings(all.subspan(begin, end - begin), path, level);
      Choice choice = pick(all[begin]);
      Fields fields;
      table.describe_row(choice, fields);
      options(fields.list(), options_path(all[begin]), level);
      other_defaults(table, choice, path);
      begin = end;
    }
  }

  // Rows that follow one another with the same options stand together from this number on.
  static constexpr size_t kFewestTogether = 3;

  void headings(std::span<const Alternative> rows, const std::string& path, int level) {
    if (rows.size() == 1) {
      heading(level, fmt::format("`{}`: {}", path, rows.front().name));
      text_ += sentence(rows.front().help) + "\n\n";
      return;
    }
    heading(level, fmt::format("`{}`: {} to {}", path, rows.front().name, rows.back().name));
    for (const Alternative& row : rows) text_ += fmt::format("- {}: {}\n", row.name, row.help);
    text_ += '\n';
  }

  // What the page says of a row behind its help; "" where it has sections of its own, or no
  // options.
  static std::string plain_body(const Alternatives& table, Choice choice, const std::string& path,
                                const std::string& options_path) {
    Fields fields;
    table.describe_row(choice, fields);
    if (fields.list().empty() || std::ranges::any_of(fields.list(), has_section)) return "";
    Page page;
    page.options(fields.list(), options_path, 1);
    page.other_defaults(table, choice, path);
    return page.text_;
  }

  // Of the options that all rows have, those that this row begins with another value of.
  void other_defaults(const Alternatives& table, Choice row, const std::string& path) {
    Choice usual = table.pick(table.rows().front().name);
    Fields own, common;
    table.describe_common(row, own);
    table.describe_common(usual, common);
    for (size_t i = 0; i < own.list().size(); ++i) {
      const std::string value = show(to_node(own.list()[i], {}, ""));
      if (value == show(to_node(common.list()[i], {}, ""))) continue;
      text_ += fmt::format("\n{} is {} here unless given.\n",
                           code(join_path(path, own.list()[i].name)), value);
    }
  }

  std::string text_;
  std::map<std::string, std::string> item_tables_;  // table of a list's items to where it stands
};

}  // namespace

std::string reference_page(const Fields& fields, std::string_view introduction) {
  return Page().write(fields, introduction);
}

}  // namespace stoker::config
