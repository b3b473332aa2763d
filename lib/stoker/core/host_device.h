// Marks a function that both the CPU and the GPU compile.
#pragma once

#if defined(__CUDACC__)
#define STOKER_HOST_DEVICE __host__ __device__
#else
#define STOKER_HOST_DEVICE
#endif
