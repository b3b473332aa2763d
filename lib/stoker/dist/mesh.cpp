#include "stoker/dist/mesh.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/error.h"

namespace stoker::dist {

namespace {

// The ranks that divide among themselves, of which others have copies.
class CopiedGroup : public Group {
 public:
  CopiedGroup(Group& shard, Group& copies, Group& replicas)
      : shard_(shard), copies_(copies), replicas_(replicas) {}

  int64_t rank() const override { return shard_.rank(); }
  int64_t size() const override { return shard_.size(); }
  int64_t local_rank() const override { return shard_.local_rank(); }
  int64_t local_size() const override { return shard_.local_size(); }
  void sum(std::span<int64_t> values) override { shard_.sum(values); }
  void max(std::span<int64_t> values) override { shard_.max(values); }
  void sum(at::Tensor values) override { shard_.sum(std::move(values)); }
  std::vector<std::string> gather(const std::string& own) override { return shard_.gather(own); }
  std::vector<std::string> collect(const std::string& own) override { return shard_.collect(own); }
  std::unique_ptr<Pending> begin_gather(at::Tensor whole, const at::Tensor& own) override {
    return shard_.begin_gather(std::move(whole), own);
  }
  std::unique_ptr<Pending> begin_reduce(at::Tensor own, at::Tensor whole) override {
    return std::make_unique<ReducedOnce>(shard_.begin_reduce(own, std::move(whole)), own, copies_);
  }
  std::unique_ptr<Pending> begin_send(const at::Tensor& values, int64_t to) override {
    return shard_.begin_send(values, to);
  }
  void receive(at::Tensor values, int64_t from) override {
    shard_.receive(std::move(values), from);
  }
  std::string broadcast(const std::string& firsts) override { return shard_.broadcast(firsts); }
  std::unique_ptr<Group> part(std::span<const int64_t> ranks, std::string_view name) override {
    return shard_.part(ranks, name);
  }
  std::unique_ptr<GradientExchange> exchange(const weights::NamedTensors& parameters) override {
    return replicas_.exchange(parameters);
  }
  std::string name(int64_t rank) const override { return shard_.name(rank); }
  void note_ending() noexcept override {}
  void note_step(int64_t) noexcept override {}
  void leave(ExitCode, std::string_view) noexcept override {}
  void note_run(const std::string&) override {}
  void finish() override {}
  std::string text() const override { return replicas_.text(); }
  std::vector<std::string> hosts() const override { return replicas_.hosts(); }

 private:
  // Reduced among those who divide, and then summed over the copies.
  class ReducedOnce : public Pending {
   public:
    ReducedOnce(std::unique_ptr<Pending> first, at::Tensor own, Group& copies)
        : first_(std::move(first)), own_(std::move(own)), copies_(copies) {}
    void wait() override {
      first_->wait();
      copies_.sum(own_);
    }

   private:
    std::unique_ptr<Pending> first_;
    at::Tensor own_;
    Group& copies_;
  };

  Group& shard_;
  Group& copies_;
  Group& replicas_;
};

// first, first + step, … so many of them.
std::vector<int64_t> every(int64_t first, int64_t step, int64_t count) {
  std::vector<int64_t> ranks;
  for (int64_t i = 0; i < count; ++i) ranks.push_back(first + i * step);
  return ranks;
}

std::string text_of(const std::optional<int64_t>& given) {
  return given ? fmt::to_string(*given) : "auto";
}

}  // namespace

MeshShape mesh_shape(const DistOptions& options, int64_t ranks) {
  if (ranks == 1) return {};
  const MeshOptions& mesh = options.mesh;
  const bool divides = options.shard != Shard::kNone;
  if (!divides && mesh.shard.value_or(1) > 1) {
    throw ConfigError(
        fmt::format("dist.mesh.shard: {} ranks have nothing to divide while dist.shard is none: "
                    "expected dist.shard: optimizer, gradients or parameters",
                    *mesh.shard));
  }
  const int64_t replicas = ranks / mesh.pipeline;
  const int64_t left = mesh.data ? replicas / *mesh.data : replicas;
  const int64_t shard = mesh.shard.value_or(divides ? std::max<int64_t>(left, 1) : 1);
  const int64_t data = mesh.data.value_or(replicas / shard);
  if (data * shard * mesh.pipeline != ranks) {
    throw ConfigError(fmt::format(
        "dist.mesh: {{data: {}, shard: {}, pipeline: {}}} does not make {} ranks: expected numbers "
        "whose product that is{}",
        text_of(mesh.data), text_of(mesh.shard), mesh.pipeline, ranks,
        divides ? "" : "; shard counts where dist.shard divides something"));
  }
  if (divides && shard == 1) {
    throw ConfigError(fmt::format(
        "dist.mesh: {{data: {}, pipeline: {}}} leaves one rank alone of those among which "
        "dist.shard: {} divides: expected dist.mesh.shard of 2 or more, or dist.shard: none",
        data, mesh.pipeline, enum_names(options.shard)[static_cast<size_t>(options.shard)]));
  }
  return {.data = data, .shard = shard, .pipeline = mesh.pipeline};
}

Group& Mesh::replicas() {
  if (shape_.pipeline == 1) return all_;
  return replicas_ ? *replicas_ : alone();
}

Mesh::Mesh(Group& all, const MeshShape& shape) : all_(all), shape_(shape) {
  const int64_t own = all.rank(), width = shape.replicas(), column = own % width;
  const int64_t first_of_stage = own - column;
  if (shape.pipeline > 1) {
    if (width > 1) replicas_ = all.part(every(first_of_stage, 1, width), "replicas");
    stages_ = all.part(every(column, width, shape.pipeline), "stages");
    stages_back_ = all.part(every(column, width, shape.pipeline), "stages back");
  }
  if (shape.shard == 1 || shape.data == 1) return;
  const int64_t part = column % shape.shard;
  shard_ = all.part(every(own - part, 1, shape.shard), "shard");
  copies_ = all.part(every(first_of_stage + part, shape.shard, shape.data), "copies");
  dividing_ = std::make_unique<CopiedGroup>(*shard_, *copies_, replicas());
}

}  // namespace stoker::dist
