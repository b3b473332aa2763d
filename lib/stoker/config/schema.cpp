#include "stoker/config/schema.h"

#include <algorithm>
#include <cmath>

#include "stoker/config/choice.h"
#include "stoker/config/expectation.h"
#include "stoker/config/json.h"
#include "stoker/config/values.h"

namespace stoker::config {

namespace {

using Json = nlohmann::ordered_json;

Json with_limits(Json schema, const Field& field) {
  // As a whole number where it is one: editors show the limit as it is written.
  const auto number = [](double value) {
    return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<int64_t>(value))
                                                                : Json(value);
  };
  if (std::isfinite(field.minimum))
    schema[field.minimum_excluded ? "exclusiveMinimum" : "minimum"] = number(field.minimum);
  if (std::isfinite(field.maximum)) schema["maximum"] = number(field.maximum);
  return schema;
}

Json scalar_schema(const bool*, const Field&) { return {{"type", "boolean"}}; }
Json scalar_schema(const int64_t*, const Field& field) {
  return with_limits({{"type", "integer"}}, field);
}
Json scalar_schema(const double*, const Field& field) {
  return with_limits({{"type", "number"}}, field);
}
Json scalar_schema(const std::string*, const Field& field) {
  if (!field.allowed.empty()) return {{"enum", field.allowed}};
  return {{"type", {"string", "number", "boolean"}}};  // `name: 2024` is text too
}

Json names_of_rows(const Alternatives& table) {
  Json names = Json::array();
  for (const Alternative& row : table.rows()) names.push_back(row.name);
  return names;
}

class SchemaWriter {
 public:
  Json write(const Fields& fields, std::string_view title) {
    Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
    schema.update(object(fields.list(), "", Required::kLeft));
    Json paths{{"type", "array"}, {"items", {{"type", "string"}}}};
    schema["properties"]["extends"] = {
        {"description", "files, relative to this one, whose values hold where this one is silent"},
        {"anyOf", {{{"type", "string"}}, paths}}};
    schema["$defs"] = std::move(definitions_);
    return schema;
  }

 private:
  // Whether required keys may come from a file that this one extends. Lists are never merged.
  enum class Required { kLeft, kHere };

  Json object(const std::vector<Field>& fields, const std::string& path, Required required) {
    Json properties = Json::object();
    Json names = Json::array();
    for (const Field& field : fields) {
      properties[field.name] = property(field, join_path(path, field.name), required);
      if (field.is_required) names.push_back(field.name);
    }
    Json schema{
        {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (required == Required::kHere && !names.empty()) schema["required"] = std::move(names);
    return schema;
  }

  Json property(const Field& field, const std::string& path, Required required) {
    Json schema{{"description", field.help}};
    const bool has_default = !field.is_required && !std::holds_alternative<StructRef>(field.ref);
    if (has_default) schema["default"] = to_json(to_node(field, {}, path));
    schema.update(
        std::visit([&](const auto& ref) { return value(ref, field, path, required); }, field.ref));
    return schema;
  }

  template <class T>
  Json value(T* ref, const Field& field, const std::string&, Required) {
    return scalar_schema(ref, field);
  }
  template <class T>
  Json value(std::optional<T>*, const Field& field, const std::string&, Required) {
    return {{"anyOf",
             {Json{{"const", field.unset_word}}, scalar_schema(static_cast<T*>(nullptr), field),
              Json{{"type", "null"}}}}};
  }
  template <class T>
  Json value(std::vector<T>*, const Field& field, const std::string&, Required) {
    const Json item = scalar_schema(static_cast<T*>(nullptr), field);
    return {{"anyOf", Json::array({item, {{"type", "array"}, {"items", item}}})}};
  }
  Json value(const EnumRef& ref, const Field&, const std::string&, Required) {
    return {{"enum", std::vector<std::string_view>(ref.names.begin(), ref.names.end())}};
  }
  Json value(const StructRef&, const Field& field, const std::string& path, Required required) {
    return object(field.children, path, required);
  }
  Json value(const StructListRef& ref, const Field&, const std::string& path, Required) {
    Fields fields;
    const auto item = ref.describe_new(fields);
    return {{"type", "array"}, {"items", object(fields.list(), path, Required::kHere)}};
  }

  // The name decides which row's options may stand beside it, so that an editor complains about
  // the one wrong key and not about every row.
  Json value(const ChoiceRef& ref, const Field&, const std::string& path, Required) {
    Json cases = Json::array(), rows = Json::array(), keys = Json::array();
    for (const Alternative& row : ref.table->rows()) {
      const std::string name = join_path(path, row.name);
      const Json properties = define_row(*ref.table, row, name, path);
      for (const auto& [key, schema] : properties.items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
      const Json reference{{"$ref", "#/$defs/" + name}};
      cases.push_back({{"if", named(row.name)}, {"then", reference}});
      rows.push_back(reference);
    }
    Json names = names_of_rows(*ref.table);
    Json map{{"type", "object"},
             {"properties", {{"name", {{"enum", names}}}}},
             {"allOf", std::move(cases)},
             {"if", {{"not", {{"required", {"name"}}}}}},
             {"then", nameless(std::move(keys), std::move(rows))}};
    Json types = Json::array({"string"});
    if (ref.value->empty()) {
      types.push_back("null");
      names.push_back(nullptr);
    }
    return {{"if", {{"type", std::move(types)}}},
            {"then", {{"enum", std::move(names)}}},
            {"else", std::move(map)}};
  }

  // Options of any row, whose name may stand in a file that this one extends. A key that no row
  // has is complained about by its name, not by all rows.
  static Json nameless(Json keys, Json rows) {
    const Json known{{"propertyNames", {{"enum", std::move(keys)}}}};
    return {{"if", known}, {"then", {{"anyOf", std::move(rows)}}}, {"else", known}};
  }

  static Json named(std::string_view name) {
    return {{"properties", {{"name", {{"const", name}}}}}, {"required", {"name"}}};
  }

  // Returns the row's properties.
  Json define_row(const Alternatives& table, const Alternative& row, const std::string& name,
                  const std::string& path) {
    Choice choice = table.pick(row.name);
    Fields fields;
    table.describe(choice, fields);
    Json schema{{"description", row.help}};
    schema.update(object(fields.list(), path, Required::kLeft));
    Json properties{{"name", {{"const", row.name}}}};
    properties.update(schema["properties"]);
    schema["properties"] = properties;
    definitions_[name] = std::move(schema);
    return properties;
  }

  Json value(const ChoiceListRef& ref, const Field&, const std::string& path, Required) {
    Json steps = Json::object(), bare = Json::array();
    for (const Alternative& row : ref.table->rows()) {
      Choice choice = ref.table->pick(row.name);
      Fields fields;
      ref.table->describe(choice, fields);
      Json schema{{"description", row.help}};
      schema.update(object(fields.list(), join_path(path, row.name), Required::kHere));
      if (schema.contains("required")) {
        steps[row.name] = std::move(schema);
        continue;
      }
      schema["type"] = {"object", "null"};  // `- flip:` without options
      steps[row.name] = std::move(schema);
      bare.push_back(row.name);
    }
    Json map{{"type", "object"},
             {"minProperties", 1},
             {"maxProperties", 1},
             {"properties", std::move(steps)},
             {"additionalProperties", false}};
    Json item{{"if", {{"type", "string"}}},
              {"then", {{"enum", std::move(bare)}}},
              {"else", std::move(map)}};
    return {{"type", "array"}, {"items", std::move(item)}};
  }

  Json definitions_ = Json::object();
};

}  // namespace

std::string json_schema(const Fields& fields, std::string_view title) {
  return dump(SchemaWriter().write(fields, title));
}

}  // namespace stoker::config
