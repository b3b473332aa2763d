// Counts over a whole 8-bit image, on the calling thread.
#pragma once

#include "stoker/kernels/image.h"
#include "stoker/kernels/measure_body.h"
#include "stoker/kernels/op_rows.h"

namespace stoker::kernels {

// What `kind` needs, the rest zero. planes: working memory of the image's width.
Counts measure(const ImageView& image, OpKind kind, const OpLoops& loops, const Planes& planes);

}  // namespace stoker::kernels
