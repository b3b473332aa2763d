# CUDA's compiler and runtime, from a toolkit or from NVIDIA's packages on PyPI.

if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # 90 also as PTX, for what comes later
endif()
# The shared runtime, as LibTorch has it (StokerTorch.cmake).
set(CMAKE_CUDA_RUNTIME_LIBRARY None)
# A build by hand finds what setup.sh would name.
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  file(GLOB ours "${PROJECT_SOURCE_DIR}/.venv/lib/python3.*/site-packages/nvidia/cu13/bin")
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda/bin ${ours}
               PATH_SUFFIXES bin REQUIRED)
endif()
# PyPI's package has lib where nvcc looks for lib64, and libcudart.so.<major> alone. The first
# matters only to CMake's test of the compiler: our programs are linked by the C++ compiler.
if(CMAKE_CUDA_COMPILER)
  cmake_path(GET CMAKE_CUDA_COMPILER PARENT_PATH toolkit)
else()
  cmake_path(CONVERT "$ENV{CUDACXX}" TO_CMAKE_PATH_LIST compiler)
  cmake_path(GET compiler PARENT_PATH toolkit)
endif()
file(GLOB cudart "${toolkit}/../lib/libcudart.so.*")
if(toolkit AND cudart AND NOT EXISTS "${toolkit}/../lib64")
  set(ENV{LIBRARY_PATH} "${toolkit}/../lib:$ENV{LIBRARY_PATH}")
  set(CUDA_CUDART "${cudart}" CACHE FILEPATH "the CUDA runtime")  # names of FindCUDAToolkit
  set(CUDA_cudart_LIBRARY "${cudart}" CACHE FILEPATH "the CUDA runtime")
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 17)
find_package(CUDAToolkit REQUIRED)
