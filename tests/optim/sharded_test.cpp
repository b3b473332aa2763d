#include "stoker/optim/sharded.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>

#include <map>
#include <mutex>

#include "dist/threads.h"
#include "stoker/optim/adam.h"
#include "stoker/optim/sgd.h"
#include "support/catch.h"

using namespace stoker;
using optim::NamedTensors;
using test::checking;

namespace {

// Parameters of all-different sizes and two groups; one in channels_last.
std::vector<optim::ParameterGroup> parameters() {
  const auto filled = [](int64_t values) { return at::arange(values, at::kFloat) * 0.01 - 1; };
  const auto leaf = [](at::Tensor value) { return value.detach().requires_grad_(); };
  return {{.parameters = {{"a", leaf(filled(7))},
                          {"conv", leaf(filled(5 * 3 * 2 * 2)
                                            .reshape({5, 3, 2, 2})
                                            .contiguous(at::MemoryFormat::ChannelsLast))}},
           .weight_decay = 0.1},
          {.parameters = {{"b", leaf(filled(1))}, {"c", leaf(filled(11).reshape({11, 1}))}},
           .lr_factor = 0.5}};
}

void set_gradients(const std::vector<optim::ParameterGroup>& groups, int step) {
  for (const optim::ParameterGroup& group : groups) {
    for (auto [name, parameter] : group.parameters) {
      const at::Tensor gradient = (parameter.detach() * (step + 1)).sin();
      parameter.mutable_grad() = step == 2 ? gradient.contiguous() : gradient;
    }
  }
}

using Build = optim::BuildOptimizer;
const Build kSgd = [](std::vector<optim::ParameterGroup> groups) {
  return optim::make_sgd({.lr = 0.1, .momentum = 0.9, .nesterov = true}, std::move(groups));
};
const Build kAdam = [](std::vector<optim::ParameterGroup> groups) {
  return optim::make_adam({.lr = 0.01, .decoupled = true}, std::move(groups));
};

std::map<std::string, at::Tensor> by_name(const NamedTensors& tensors) {
  return {tensors.begin(), tensors.end()};
}

void check_same(const NamedTensors& ours, const NamedTensors& expected) {
  const auto found = by_name(ours);
  REQUIRE(ours.size() == expected.size());
  for (const auto& [name, tensor] : expected) {
    INFO(name);
    REQUIRE(found.contains(name));
    CHECK(found.at(name).sizes() == tensor.sizes());
    CHECK(found.at(name).allclose(tensor, 1e-6, 1e-7));
  }
}

int64_t bytes_of(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace

TEST_CASE("divided state moves the parameters as undivided state does") {
  for (const Build& build : {kSgd, kAdam}) {
    const auto plain = parameters();
    const auto whole = build(plain);
    for (int step = 0; step < 4; ++step) {
      set_gradients(plain, step);
      whole->step({.lr_factor = 1.0 / (step + 1)});
    }
    for (const int64_t world : {1, 2, 3, 5}) {
      test::as_ranks(world, [&](dist::Group& group) {
        const auto own = parameters();
        const auto sharded = optim::make_sharded(group, own, build);
        for (int step = 0; step < 4; ++step) {
          set_gradients(own, step);
          sharded->step({.lr_factor = 1.0 / (step + 1)});
        }
        sharded->gather_state();
        const std::lock_guard lock(checking);
        for (size_t i = 0; i < own.size(); ++i) check_same(own[i].parameters, plain[i].parameters);
        if (group.is_first()) check_same(sharded->state(), whole->state());
        CHECK(bytes_of(sharded->own_state()) <=
              (bytes_of(whole->state()) + world - 1) / world + 64);
      });
    }
  }
}

TEST_CASE("a run with divided state goes on from undivided state, with other ranks") {
  const auto plain = parameters();
  const auto whole = kAdam(plain);
  for (int step = 0; step < 2; ++step) {
    set_gradients(plain, step);
    whole->step({});
  }
  NamedTensors saved, state;
  for (const auto& group : plain) {
    for (const auto& [name, tensor] : group.parameters)
      saved.emplace_back(name, tensor.detach().clone(at::MemoryFormat::Preserve));
  }
  for (const auto& [name, tensor] : whole->state())
    state.emplace_back(name, tensor.clone(at::MemoryFormat::Contiguous));  // as a file has it
  set_gradients(plain, 3);
  whole->step({});
  for (const int64_t world : {2, 3}) {
    test::as_ranks(world, [&](dist::Group& group) {
      const auto own = parameters();
      const auto sharded = optim::make_sharded(group, own, kAdam);
      size_t i = 0;
      {
        const at::NoGradGuard no_grad;
        for (const auto& one : own)
          for (auto [name, parameter] : one.parameters) parameter.copy_(saved[i++].second);
      }
      sharded->load_state(state);
      set_gradients(own, 3);
      sharded->step({});
      const std::lock_guard lock(checking);
      for (size_t j = 0; j < own.size(); ++j) check_same(own[j].parameters, plain[j].parameters);
    });
  }
}

TEST_CASE("divided state that does not fit is refused, and saved only when gathered") {
  test::as_ranks(2, [](dist::Group& group) {
    const auto own = parameters();
    const auto sharded = optim::make_sharded(group, own, kSgd);
    const std::lock_guard lock(checking);
    CHECK_THROWS_AS(sharded->load_state({{"momentum/zzz", at::randn({3})}}), DataError);
    CHECK_THROWS_AS(sharded->load_state({}), DataError);
    CHECK_THROWS_AS(sharded->state(), FileError);
  });
}
