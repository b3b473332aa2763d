// One word of a config as the value of a field.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "stoker/config/fields.h"
#include "stoker/config/node.h"

namespace stoker::config {

bool within(double value, const Field& field);

// The node as a T (bool, int64_t, double or std::string) within the field's limits, or nothing.
template <class T>
std::optional<T> read_scalar(const Node& node, const Field& field);

template <>
std::optional<bool> read_scalar(const Node& node, const Field& field);
template <>
std::optional<int64_t> read_scalar(const Node& node, const Field& field);
template <>
std::optional<double> read_scalar(const Node& node, const Field& field);
template <>
std::optional<std::string> read_scalar(const Node& node, const Field& field);

}  // namespace stoker::config
