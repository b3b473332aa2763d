// A picture of what training makes of its images: a row for each sample, with the sample as it is
// and then as the loader hands it over in one epoch after another, un-normalised, under each what
// was drawn.
//
//   write_file_atomically(files, "sheet.png", augment_sheet(dataset, pipeline, options.loader));
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "stoker/loader/loader.h"

namespace stoker::inspect {

struct AugmentSheetOptions {
  int32_t samples = 6;  // spread over the data set
  int32_t draws = 7;    // epochs 0, 1, 2, …
  int32_t tile = 128;   // pixels; images are fitted into a square of this side
};

// A PNG. The images come from a loader::Loader with these options, as training's do; only the order
// of the samples, the stage and the type are set here. Throws what the loader throws.
std::vector<std::byte> augment_sheet(const std::shared_ptr<const data::Dataset>& dataset,
                                     const augment::PipelineSchedule& pipelines,
                                     const loader::LoaderOptions& loader,
                                     const AugmentSheetOptions& options = {});

// What is done to a source of this size, in a few words: "box 120x88, mirrored, hue -0.08,
// blur 1.3"; "as it is" for nothing.
std::string words_of(const augment::Recipe& recipe, int32_t source_width, int32_t source_height);

}  // namespace stoker::inspect
