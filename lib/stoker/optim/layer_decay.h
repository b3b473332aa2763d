// Learning rates that fall with the distance from the classifier, for fine-tuning (Bao et al.,
// "BEiT", 2021, appendix; Clark et al., "ELECTRA", 2020): layer i of L learns at decay^(L - 1 - i)
// times the rate.
//
//   groups = apply_layer_decay(std::move(groups), model.layers(), 0.75);
#pragma once

#include <string>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// Splits each group by layer and multiplies its lr_factor. layers: from the images to the
// classifier, each the prefixes of its parameters' names. A decay of 1 leaves the groups as they
// are. Throws InternalError for a parameter of no layer.
std::vector<ParameterGroup> apply_layer_decay(std::vector<ParameterGroup> groups,
                                              const std::vector<std::vector<std::string>>& layers,
                                              double decay);

}  // namespace stoker::optim
