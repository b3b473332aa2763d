# Everything found outside the tree. third_party/README.md says why each is here.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json 3 REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(CLI11 REQUIRED)
if(STOKER_OPENCV)
  find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
endif()
if(STOKER_TESTS)
  find_package(Catch2 REQUIRED)
endif()
if(NOT TARGET yaml-cpp::yaml-cpp)  # yaml-cpp before 0.8 exports no namespace
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

if(STOKER_CUDA)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
  endif()
  enable_language(CUDA)
  set(CMAKE_CUDA_STANDARD 17)
  find_package(CUDAToolkit REQUIRED)
  # LibTorch's own CMake ignores CMAKE_CUDA_ARCHITECTURES and asks for ones that CUDA 13 dropped.
  if(NOT TORCH_CUDA_ARCH_LIST)
    set(TORCH_CUDA_ARCH_LIST "8.0;9.0+PTX")
  endif()
endif()

if(STOKER_TORCH)
  find_package(Torch REQUIRED)
  # LibTorch as a system library (its headers do not hold our warnings), with one precompiled
  # header of it for all rooms that need it.
  add_library(stoker_torch INTERFACE)
  target_include_directories(stoker_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(stoker_torch INTERFACE ${TORCH_LIBRARIES})
endif()
