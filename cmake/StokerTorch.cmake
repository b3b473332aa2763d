# LibTorch, from a wheel (…/site-packages/torch) or an unpacked zip (libtorch/), as the target
# stoker_torch. Sets STOKER_TORCH_VERSION, STOKER_CUDNN_VERSION and STOKER_NCCL_VERSION ("" where
# not known).
#
# find_package(Torch) is not used: it demands the whole CUDA toolkit even for a program that links
# only the CPU libraries of a CUDA wheel, and asks nvcc for architectures that it dropped.

set(STOKER_TORCH_DIR "$ENV{STOKER_TORCH_DIR}" CACHE PATH
    "LibTorch: the folder with include/ and lib/, of a wheel or of an unpacked zip")

function(stoker_find_torch result)
  set(candidates "${STOKER_TORCH_DIR}")
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
    list(APPEND candidates "${prefix}" "${prefix}/../..")  # as torch.utils.cmake_prefix_path has it
  endforeach()
  file(GLOB ours "${PROJECT_SOURCE_DIR}/.venv/lib/python3.*/site-packages/torch")  # of setup.sh
  list(APPEND candidates ${ours})
  foreach(folder IN LISTS candidates)
    if(folder AND EXISTS "${folder}/include/ATen/ATen.h" AND EXISTS "${folder}/lib/libtorch_cpu.so")
      file(REAL_PATH "${folder}" folder)
      set(${result} "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR
    "No LibTorch in STOKER_TORCH_DIR ('${STOKER_TORCH_DIR}') or CMAKE_PREFIX_PATH. Run "
    "scripts/setup.sh, which gets one, or set STOKER_TORCH_DIR to the torch folder of a wheel or "
    "the libtorch folder of a zip (it has include/ and lib/).")
endfunction()

stoker_find_torch(torch)
foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT STOKER_TORCH_VERSION)
    stoker_header_version(STOKER_TORCH_VERSION "${torch}/include/${header}"
                          TORCH_VERSION_MAJOR TORCH_VERSION_MINOR TORCH_VERSION_PATCH)
  endif()
endforeach()
if(NOT STOKER_TORCH_VERSION VERSION_EQUAL 2.11.0)
  message(WARNING "LibTorch '${STOKER_TORCH_VERSION}' in ${torch}: stoker is tested with 2.11.0")
endif()
# A wheel keeps NVIDIA's libraries beside itself.
set(nvidia "${torch}/../nvidia")
stoker_header_version(STOKER_CUDNN_VERSION "${nvidia}/cudnn/include/cudnn_version.h"
                      CUDNN_MAJOR CUDNN_MINOR CUDNN_PATCHLEVEL)
stoker_header_version(STOKER_NCCL_VERSION "${nvidia}/nccl/include/nccl.h"
                      NCCL_MAJOR NCCL_MINOR NCCL_PATCH)

add_library(stoker_torch INTERFACE)
# Four of LibTorch's headers are replaced by narrow ones, and operators come one by one: what a header
# declares costs each file that includes it, precompiled or not, since GCC instantiates what inline
# functions use once a file (docs/building.md has figures).
target_include_directories(stoker_torch SYSTEM INTERFACE "${PROJECT_SOURCE_DIR}/third_party/narrow_torch"
  "${torch}/include" "${torch}/include/torch/csrc/api/include")
target_compile_definitions(stoker_torch INTERFACE AT_PER_OPERATOR_HEADERS)

# stoker_whole_torch(<file>…): for those that include TorchScript.
function(stoker_whole_torch)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_DEFINITIONS STOKER_WHOLE_TORCH
                                                 SKIP_PRECOMPILE_HEADERS ON)
endfunction()
set(libraries torch_cpu c10)
if(STOKER_CUDA)
  if(NOT EXISTS "${torch}/lib/libtorch_cuda.so")
    message(FATAL_ERROR "The LibTorch in ${torch} is for the CPU alone. Take one with CUDA, or "
                        "build with STOKER_CUDA=OFF.")
  endif()
  list(APPEND libraries torch torch_cuda c10_cuda)
  # One CUDA runtime in the process, and the one that this LibTorch was built with.
  file(GLOB cudart "${nvidia}/cu13/lib/libcudart.so.*")
  if(cudart)
    file(REAL_PATH "${cudart}" cudart)
    set_target_properties(CUDA::cudart PROPERTIES IMPORTED_LOCATION "${cudart}")
    cmake_path(GET cudart PARENT_PATH cudart_folder)
  endif()
  target_link_libraries(stoker_torch INTERFACE CUDA::cudart)
endif()
foreach(library IN LISTS libraries)
  add_library(lib${library} SHARED IMPORTED)
  set_target_properties(lib${library} PROPERTIES
    IMPORTED_LOCATION "${torch}/lib/lib${library}.so")
  target_link_libraries(stoker_torch INTERFACE lib${library})
endforeach()
target_link_options(stoker_torch INTERFACE
  # torch_cuda registers itself when it is loaded; nothing of ours names a symbol of it.
  -Wl,--no-as-needed
  # LibTorch finds its own libraries by its own RPATH.
  -Wl,--allow-shlib-undefined)

# stoker_parallel_sources(<target> <file>…): at::parallel_for is a template, and in objects that are
# compiled without OpenMP it runs on one thread. The threads are those of LibTorch's own OpenMP
# library, whatever its file is called, not of a second one.
function(stoker_parallel_sources target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A precompiled header serves only files with the same flags.
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS -fopenmp
                                                   SKIP_PRECOMPILE_HEADERS ON)
    file(GLOB gomp "${STOKER_TORCH_FOUND_DIR}/lib/libgomp*.so*")
    if(gomp)
      list(GET gomp 0 gomp)
    else()
      set(gomp gomp)
    endif()
    target_link_libraries(${target} PUBLIC ${gomp})
  endif()
endfunction()

# What LibTorch's own headers of process groups include. Gloo is inside of libtorch_cpu: its headers
# are all that is used. NCCL's lie beside a wheel with CUDA.
find_path(STOKER_GLOO_INCLUDE gloo/rendezvous/store.h REQUIRED)
set(STOKER_HAS_NCCL OFF)
if(STOKER_CUDA AND EXISTS "${nvidia}/nccl/include/nccl.h")
  set(STOKER_HAS_NCCL ON)
endif()
add_library(stoker_c10d INTERFACE)
target_include_directories(stoker_c10d SYSTEM INTERFACE "${STOKER_GLOO_INCLUDE}")
target_compile_definitions(stoker_c10d INTERFACE
  USE_C10D_GLOO STOKER_HAS_NCCL=$<BOOL:${STOKER_HAS_NCCL}>)
if(STOKER_HAS_NCCL)
  target_include_directories(stoker_c10d SYSTEM INTERFACE "${nvidia}/nccl/include")
  target_compile_definitions(stoker_c10d INTERFACE USE_C10D_NCCL)
endif()

set(STOKER_TORCH_FOUND_DIR "${torch}")
# Where an installed program finds what it was built with; CMake itself leaves out what lies in the
# source tree, as .venv does.
set(STOKER_TORCH_RPATH "${torch}/lib" ${cudart_folder})
message(STATUS "LibTorch ${STOKER_TORCH_VERSION} in ${torch}")
