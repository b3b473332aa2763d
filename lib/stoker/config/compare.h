// What differs between two configurations of the same options, as a resumed run asks.
//
//   for (const Change& change : compare(fields_of(saved), fields_of(now)))
//     if (change.is_fixed()) …  // "train.batch_size: 512 → 256: fixed on resume, because …"
#pragma once

#include <string>
#include <vector>

#include "stoker/config/fields.h"

namespace stoker::config {

struct Change {
  std::string key;     // "train.batch_size", "optimizer.name"; a list counts as one value
  std::string before;  // as YAML on one line
  std::string after;
  std::string reason;  // of fixed_on_resume, of the field or a group that holds it; "" if free

  bool is_fixed() const { return !reason.empty(); }
};

// "train.batch_size: 512 → 256".
std::string to_string(const Change& change);

// Changes in the order of the fields. Options of a choice whose name differs are not compared.
std::vector<Change> compare(const Fields& before, const Fields& after);

}  // namespace stoker::config
