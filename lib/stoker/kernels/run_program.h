// The fused pass with a program between the geometry and the normalisation.
//
//   augment(image, geometry, program, normalization, batch, slot);
//
// Without operations this is augment() of augment.h. With operations on single pixels alone the
// device still runs one pass; each operation that needs the whole image or other pixels adds one,
// through 8-bit scratch memory.
#pragma once

#include <cstdint>

#include "stoker/kernels/augment.h"
#include "stoker/kernels/program_body.h"

namespace stoker::kernels {

// Throws InternalError, with the values, unless the program's ops and box fit the output.
void check_program(const Program& program, const OutputView& output);

// One image into image `index` of the output batch, on the calling thread, checked. The bits do not
// depend on `level`. Working memory is kept per thread: about six times the output's pixels in
// bytes where a program has operations.
void augment(const ImageView& image, const Geometry& geometry, const Program& program,
             const Normalization& normalization, const OutputView& output, int64_t index,
             CpuLevel level = cpu_level());

// The most passes of any of `count` programs, at least 1.
int32_t most_passes(const Program* programs, int64_t count);

#if STOKER_HAS_CUDA
// `count` images at once, unchecked. All pointers are device pointers; programs are written to
// (measured ops get their parameters). passes: most_passes(); scratch may be null for one pass.
// `stream` is a cudaStream_t. Returns the cudaError_t of the launches.
int augment_cuda(const ImageView* images, const Geometry* geometries, Program* programs,
                 int64_t count, int32_t passes, const ProgramScratch& scratch,
                 const Normalization& normalization, const OutputView& output, void* stream);
#endif

}  // namespace stoker::kernels
