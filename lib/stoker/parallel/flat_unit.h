// Parameters that are divided among the ranks together: one after another in memory, cut into as
// many equal parts as there are ranks.
//
//   FlatUnit unit(group, {{"blocks.0.norm1.weight", weight}, …}, FlatUnit::Keeps::kPart);
//   unit.divide();         // the parameters' memory is gone, but for this rank's part
//   unit.begin_open();     // gathers it
//   unit.open();           // waits: the parameters have their values, names and layouts as before
//   unit.close();
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/optim/division.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::parallel {

class FlatUnit {
 public:
  // What of the values a rank has between uses.
  enum class Keeps { kAll, kPart };

  struct Member {
    std::string name;
    at::Tensor parameter;
    int64_t offset = 0;  // in the unit's values
  };

  // The parameters, of one device and type and dense in memory, become views of the unit's memory.
  // group must outlive it.
  FlatUnit(dist::Group& group, const weights::NamedTensors& parameters, Keeps keeps);

  const std::vector<Member>& members() const { return members_; }
  Keeps keeps() const { return keeps_; }
  int64_t part_size() const { return part_.numel(); }  // the last part may have values of nobody
  int64_t values() const { return whole_.numel(); }    // with those
  c10::ScalarType dtype() const { return whole_.scalar_type(); }
  at::Device device() const { return whole_.device(); }
  int64_t value_bytes() const { return static_cast<int64_t>(whole_.element_size()); }

  // What of a member is this rank's; the leaf is the member's for good.
  const std::optional<optim::Division::Part>& part_of(size_t member) const {
    return parts_[member];
  }
  // Where that part lies in the part of the unit.
  int64_t place_of(size_t member) const;

  // kPart: takes this rank's part from the parameters as they are, and frees the rest.
  void divide();
  bool is_open() const { return is_open_; }
  // All ranks open the same units in the same order. Does nothing where the unit is open.
  void begin_open();
  void open();
  void close();

  // kAll: brings this rank's part to all others.
  std::unique_ptr<dist::Pending> begin_share();

 private:
  void cut();

  dist::Group& group_;
  Keeps keeps_;
  std::vector<Member> members_;
  std::vector<std::optional<optim::Division::Part>> parts_;  // of members
  at::Tensor whole_, part_;
  std::unique_ptr<dist::Pending> opening_;
  bool is_open_ = true;
};

}  // namespace stoker::parallel
