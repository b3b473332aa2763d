// Small text tools for messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoker {

// The candidate nearest to `word` by Damerau-Levenshtein distance, or "" when none is near enough
// to be a slip of the keyboard (more than a third of the letters differ).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

std::string human_bytes(uint64_t bytes);     // "1.5 GiB"
std::string human_count(int64_t count);      // "1,281,167"
std::string human_duration(double seconds);  // "1 h 02 min", "3 min 20 s", "1.2 s"
// A cell of a CSV file, quoted where RFC 4180 asks for it.
std::string csv_cell(std::string_view text);
// A JSON string with its quotes. Bytes that are no UTF-8, which file names may hold, become lone
// surrogates "\udc80" … "\udcff": Python's json.loads and os.fsencode give the bytes back.
std::string json_string(std::string_view bytes);
std::string join(std::span<const std::string_view> words, std::string_view separator);

}  // namespace stoker
