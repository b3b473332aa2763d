// JSON of values whose text may be any bytes, as the names of files and classes may: written and
// read by one rule everywhere. Bytes that are no UTF-8 stand as lone surrogates "\udc80" …
// "\udcff", as Python's os.fsdecode has them (json.loads and os.fsencode give the bytes back),
// where nlohmann's own dump() throws and its parse() refuses them.
//
//   nlohmann::json state{{"classes", {"caf\xE9"}}};
//   parse_json(json_text(state, 2)) == state;
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace stoker {

// As dump(indent) lays it out; a number that JSON cannot hold is null.
std::string json_text(const nlohmann::json& value, int indent = -1);
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

// Throws nlohmann::json::parse_error.
nlohmann::json parse_json(std::string_view text);
// A discarded value (is_discarded()) where the text is no JSON.
nlohmann::json try_parse_json(std::string_view text);
nlohmann::ordered_json try_parse_ordered_json(std::string_view text);

}  // namespace stoker
