#include "stoker/parallel/flat_unit.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Allocator.h>
#include <c10/core/Storage.h>

#include <algorithm>

#include "stoker/core/ceil_div.h"

namespace stoker::parallel {

namespace {

// Of values, so that each parameter begins at a line of the processor's cache.
constexpr int64_t kAlignment = 16;

int64_t aligned(int64_t values) { return (values + kAlignment - 1) / kAlignment * kAlignment; }

void allocate(const c10::Storage& storage) {
  storage.set_data_ptr_noswap(c10::GetAllocator(storage.device_type())->allocate(storage.nbytes()));
}

// Whoever reads the tensors then is refused by LibTorch.
void free_memory(const c10::Storage& storage) {
  storage.set_data_ptr_noswap({nullptr, storage.device()});
}

}  // namespace

FlatUnit::FlatUnit(dist::Group& group, const weights::NamedTensors& parameters, Keeps keeps)
    : group_(group), keeps_(keeps) {
  const at::NoGradGuard no_grad;
  int64_t values = 0;
  for (const auto& [name, parameter] : parameters) {
    members_.push_back({name, parameter, values});
    values += aligned(parameter.numel());
  }
  const int64_t part_size = aligned(ceil_div(values, group.size()));
  whole_ = at::zeros({part_size * group.size()},
                     parameters.front().second.options().requires_grad(false));
  for (Member& member : members_) {
    const at::Tensor view =
        whole_.as_strided(member.parameter.sizes(), member.parameter.strides(), member.offset);
    view.copy_(member.parameter);
    member.parameter.set_data(view);
  }
  part_ = whole_.narrow(0, group.rank() * part_size, part_size);
  if (keeps == Keeps::kPart) part_ = part_.clone();
  cut();
}

void FlatUnit::cut() {
  const int64_t first = group_.rank() * part_size();
  for (const Member& member : members_) {
    const int64_t size = member.parameter.numel();
    const int64_t begin = std::clamp<int64_t>(first - member.offset, 0, size);
    const int64_t end = std::clamp<int64_t>(first + part_size() - member.offset, 0, size);
    parts_.emplace_back();
    if (begin == end) continue;
    const at::Tensor values =
        part_.narrow(0, member.offset + begin - first, end - begin).detach().requires_grad_();
    parts_.back() = {values, begin};
  }
}

int64_t FlatUnit::place_of(size_t member) const {
  return members_[member].offset + parts_[member]->begin - group_.rank() * part_size();
}

void FlatUnit::divide() {
  if (keeps_ == Keeps::kAll) return;
  const at::NoGradGuard no_grad;
  part_.copy_(whole_.narrow(0, group_.rank() * part_size(), part_size()));
  close();
}

void FlatUnit::begin_open() {
  if (is_open_ || opening_) return;
  allocate(whole_.storage());
  opening_ = group_.begin_gather(whole_, part_);
}

void FlatUnit::open() {
  begin_open();
  if (opening_) opening_->wait();
  opening_.reset();
  is_open_ = true;
}

void FlatUnit::close() {
  if (keeps_ == Keeps::kAll) return;
  if (opening_) open();
  if (is_open_) free_memory(whole_.storage());
  is_open_ = false;
}

std::unique_ptr<dist::Pending> FlatUnit::begin_share() {
  const at::NoGradGuard no_grad;
  return group_.begin_gather(whole_, part_.clone());
}

}  // namespace stoker::parallel
