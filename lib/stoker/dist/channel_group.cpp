#include "stoker/dist/channel_group.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>

#include "stoker/core/units.h"
#include "stoker/dist/reducer.h"

namespace stoker::dist {

namespace {

at::Tensor tensor_of(std::span<int64_t> values) {
  return at::from_blob(values.data(), {std::ssize(values)}, at::kLong);
}

}  // namespace

void ChannelGroup::sum(std::span<int64_t> values) { control().sum(tensor_of(values)); }
void ChannelGroup::max(std::span<int64_t> values) { control().max(tensor_of(values)); }

std::vector<std::string> ChannelGroup::gather(const std::string& own) {
  return texts_of(own, [&](const at::Tensor& padded) { return control().gather(padded); });
}
std::vector<std::string> ChannelGroup::collect(const std::string& own) {
  return texts_of(own, [&](const at::Tensor& padded) { return control().collect(padded); });
}

std::string ChannelGroup::broadcast(const std::string& firsts) {
  int64_t size = is_first() ? std::ssize(firsts) : 0;
  sum(std::span<int64_t>(&size, 1));
  std::string text = is_first() ? firsts : std::string(static_cast<size_t>(size), '\0');
  if (size > 0) control().broadcast(at::from_blob(text.data(), {size}, at::kByte));
  return text;
}

std::unique_ptr<GradientExchange> ChannelGroup::exchange(const weights::NamedTensors& parameters) {
  return make_exchange(data(), parameters,
                       {.bucket_bytes = static_cast<int64_t>(options_.bucket_mib * kMib),
                        .compress = options_.compress});
}

std::vector<std::string> ChannelGroup::texts_of(
    const std::string& own,
    const std::function<std::vector<at::Tensor>(const at::Tensor&)>& exchange) {
  std::vector<int64_t> sizes(static_cast<size_t>(size()));
  sizes[static_cast<size_t>(rank())] = std::ssize(own);
  sum(std::span<int64_t>(sizes));
  const at::Tensor padded = at::zeros({std::max<int64_t>(std::ranges::max(sizes), 1)}, at::kByte);
  std::memcpy(padded.mutable_data_ptr(), own.data(), own.size());
  std::vector<std::string> texts;
  for (const at::Tensor& bytes : exchange(padded)) {
    texts.emplace_back(static_cast<const char*>(bytes.const_data_ptr()),
                       static_cast<size_t>(sizes[texts.size()]));
  }
  return texts;
}

}  // namespace stoker::dist
