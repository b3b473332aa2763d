# CUDA's compiler and runtime, from a toolkit or from NVIDIA's packages on PyPI.

if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # 90 also as PTX, for what comes later
endif()
# The shared runtime, as LibTorch has it (StokerTorch.cmake).
set(CMAKE_CUDA_RUNTIME_LIBRARY None)
# PyPI's nvcc looks for its libraries in lib64, but its package has lib. Only CMake's test of the
# compiler needs them: our own programs are linked by the C++ compiler.
cmake_path(GET CMAKE_CUDA_COMPILER PARENT_PATH toolkit)
if(toolkit AND NOT EXISTS "${toolkit}/../lib64" AND EXISTS "${toolkit}/../lib/libcudadevrt.a")
  set(ENV{LIBRARY_PATH} "${toolkit}/../lib:$ENV{LIBRARY_PATH}")
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 17)
find_package(CUDAToolkit REQUIRED)
if(NOT TARGET CUDA::cudart)  # PyPI's package has no development link, only libcudart.so.<major>
  file(GLOB cudart "${CUDAToolkit_LIBRARY_ROOT}/lib/libcudart.so.*"
       "${CUDAToolkit_TARGET_DIR}/lib/libcudart.so.*")
  if(NOT cudart)
    message(FATAL_ERROR "No libcudart beside ${CMAKE_CUDA_COMPILER}: install nvidia-cuda-runtime")
  endif()
  list(GET cudart 0 cudart)
  add_library(CUDA::cudart SHARED IMPORTED)
  set_target_properties(CUDA::cudart PROPERTIES
    IMPORTED_LOCATION "${cudart}"
    INTERFACE_INCLUDE_DIRECTORIES "${CUDAToolkit_INCLUDE_DIRS}")
endif()
