#include "stoker/run/agreement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/config/config.h"
#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/machine/versions.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {

namespace {

using nlohmann::ordered_json;

constexpr const char* kVersions = "versions";
constexpr const char* kConfig = "configuration";
constexpr const char* kData = "data";
constexpr const char* kWeights = "weights";

// What belongs to a host, and changes nothing of what is trained.
constexpr std::array<std::string_view, 5> kMayDiffer{"data.root", "device", "dist.interface",
                                                     "memory.limit_gib", "run.dir"};

// "train.batch_size" → "256"; a list counts as one value.
void flatten(const config::Node& node, const std::string& key, ordered_json& flat) {
  if (std::ranges::count(kMayDiffer, key) > 0) return;
  if (!node.is_map()) {
    flat[key] = config::print_flow(node);
    return;
  }
  for (const config::Entry& entry : node.entries)
    flatten(entry.value, key.empty() ? entry.key : key + "." + entry.key, flat);
}

// Each name stands for its length too, so that no two lists of names are the same bytes.
std::string digest_of(const data::Dataset& set) {
  Checksum sum;
  for (int64_t i = 0; i < set.size(); ++i) {
    const std::string key = set.key(i);
    const std::array<int64_t, 2> numbers{std::ssize(key), set.label(i)};
    sum.update(as_bytes(key));
    sum.update(std::as_bytes(std::span(numbers)));
    sum.update(std::as_bytes(set.labels(i)));
  }
  return sum.hex();
}

ordered_json facts_of(const data::Dataset* set) {
  if (set == nullptr) return ordered_json::object();
  return {{"images", set->size()},
          {"classes", fmt::format("{}", fmt::join(set->class_names(), ", "))},
          {"names and labels", digest_of(*set)}};
}

std::string digest_of(const at::Tensor& tensor) {
  const ops::PassCpuLimit pass_limit;
  const at::Tensor on_cpu = tensor.detach().cpu().contiguous();
  return checksum_hex({static_cast<const std::byte*>(on_cpu.const_data_ptr()), on_cpu.nbytes()});
}

ordered_json own_facts(const Session& session) {
  ordered_json versions, configuration, weights;
  for (const auto& [name, version] : machine::versions()) versions[name] = version;
  RunConfig config = session.config;
  flatten(config::to_node(config::fields_of(config)), "", configuration);
  for (const auto& [name, tensor] : weights::state_dict(*session.model))
    weights[name] = digest_of(tensor);
  if (session.teacher) {
    weights["algorithms.distillation.teacher"] =
        fmt::format("{:016x}{:016x}", static_cast<uint64_t>(session.teacher->digest[0]),
                    static_cast<uint64_t>(session.teacher->digest[1]));
  }
  ordered_json data;
  for (const auto& [set, facts] : {std::pair{"data.train", facts_of(session.train.dataset.get())},
                                   std::pair{"data.val", facts_of(session.val.dataset.get())}}) {
    for (const auto& [name, value] : facts.items()) data[fmt::format("{}: {}", set, name)] = value;
  }
  return {{kVersions, versions}, {kConfig, configuration}, {kData, data}, {kWeights, weights}};
}

// "\n  train.batch_size: 256 on rank 0, 128 on rank 2", of the first few keys.
std::string differences(const ordered_json& first, const ordered_json& other, size_t rank) {
  constexpr int kShown = 5;
  std::string text;
  int count = 0;
  const auto shown = [](const ordered_json& facts, const std::string& key) {
    const auto found = facts.find(key);
    if (found == facts.end()) return std::string("nothing");
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  for (const auto& [key, value] : first.items()) {
    if (other.contains(key) && other[key] == value) continue;
    if (++count > kShown) continue;
    text += fmt::format("\n  {}: {} on rank 0, {} on rank {}", key, shown(first, key),
                        shown(other, key), rank);
  }
  for (const auto& [key, value] : other.items()) {
    if (first.contains(key)) continue;
    if (++count > kShown) continue;
    text += fmt::format("\n  {}: nothing on rank 0, {} on rank {}", key, shown(other, key), rank);
  }
  if (count > kShown) text += fmt::format("\n  and {} more", count - kShown);
  return text;
}

}  // namespace

void check_ranks_agree(const Session& session) {
  dist::Group& group = *session.group;
  if (group.is_alone()) return;
  std::vector<ordered_json> facts;
  for (const std::string& text : group.gather(json_text(own_facts(session))))
    facts.push_back(try_parse_ordered_json(text));
  for (const char* what : {kVersions, kConfig, kData, kWeights}) {
    for (size_t rank = 1; rank < facts.size(); ++rank) {
      if (facts[rank][what] == facts[0][what]) continue;
      const std::string found = differences(facts[0][what], facts[rank][what], rank);
      if (what == kData) {
        throw DataError(fmt::format(
            "the ranks see different data, {} and rank 0:{}\nAll hosts must have the same files "
            "under data.root.",
            group.name(static_cast<int64_t>(rank)), found));
      }
      throw ConfigError(
          fmt::format("the ranks differ in their {}, {} and rank 0:{}\nAll ranks must be started "
                      "with the same program, files and arguments.",
                      what, group.name(static_cast<int64_t>(rank)), found));
    }
  }
}

}  // namespace stoker::run
