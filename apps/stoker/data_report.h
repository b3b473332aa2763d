// What `data inspect` and `data verify` print, as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "stoker/data/guess.h"
#include "stoker/inspect/inspect.h"

namespace stoker::app {

void print_inspection(const data::FoundSplit& split, const inspect::Inspection& found);
nlohmann::ordered_json inspection_json(const data::FoundSplit& split,
                                       const inspect::Inspection& found);

void print_verification(const data::FoundSplit& split, int64_t images,
                        const std::vector<inspect::Unreadable>& unreadable);
nlohmann::ordered_json verification_json(const data::FoundSplit& split, int64_t images,
                                         const std::vector<inspect::Unreadable>& unreadable);

}  // namespace stoker::app
