// The steps that show an image to a network being judged, from those that trained it.
#pragma once

#include <span>
#include <vector>

#include "stoker/config/choice.h"

namespace stoker::augment {

// Without randomness: pad_crop becomes a center_crop of its size; random_resized_crop a resize of
// the short side to size / 0.875 (256 for 224, as is usual for ImageNet) and a center_crop; of the
// others resize, center_crop and normalize stay.
std::vector<config::Choice> evaluation_steps(std::span<const config::Choice> training_steps);

}  // namespace stoker::augment
