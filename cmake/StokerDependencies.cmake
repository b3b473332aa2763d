# Everything found outside the tree. third_party/README.md says why each is here.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json 3 REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GIF REQUIRED)
find_package(TIFF 4.5 REQUIRED)
find_path(STOKER_WEBP_INCLUDE webp/demux.h REQUIRED)  # no CMake files in Debian
find_library(STOKER_WEBP webp REQUIRED)
find_library(STOKER_WEBPDEMUX webpdemux REQUIRED)
add_library(stoker_webp INTERFACE)
target_include_directories(stoker_webp SYSTEM INTERFACE "${STOKER_WEBP_INCLUDE}")
target_link_libraries(stoker_webp INTERFACE "${STOKER_WEBPDEMUX}" "${STOKER_WEBP}")
find_package(Freetype REQUIRED)
find_path(STOKER_RAQM_INCLUDE raqm.h REQUIRED)
find_library(STOKER_RAQM raqm REQUIRED)
add_library(stoker_raqm INTERFACE)
target_include_directories(stoker_raqm SYSTEM INTERFACE "${STOKER_RAQM_INCLUDE}")
target_link_libraries(stoker_raqm INTERFACE "${STOKER_RAQM}" Freetype::Freetype)
find_package(CURL REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(LibArchive 3.6 REQUIRED)
find_package(SQLite3 3.37 REQUIRED)
if(NOT TARGET SQLite3::SQLite3)  # as CMake before 4.3 calls it
  add_library(SQLite3::SQLite3 ALIAS SQLite::SQLite3)
endif()
find_package(CLI11 REQUIRED)
find_path(STOKER_BOOST_INCLUDE boost/beast/core.hpp REQUIRED)  # of Asio and Beast, headers alone
add_library(stoker_boost INTERFACE)
target_include_directories(stoker_boost SYSTEM INTERFACE "${STOKER_BOOST_INCLUDE}")
target_compile_definitions(stoker_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(stoker_boost INTERFACE Threads::Threads)
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp REQUIRED)  # headers only, no CMake files
find_library(STOKER_XXHASH xxhash REQUIRED)  # nor has Debian's any
include(CheckLibraryExists)  # of builds for x86 alone, by choice
check_library_exists("${STOKER_XXHASH}" XXH3_128bits_update_dispatch "" STOKER_HAS_XXHASH_DISPATCH)
if(STOKER_TESTS)
  find_package(Catch2 REQUIRED)
endif()
if(NOT TARGET yaml-cpp::yaml-cpp)  # yaml-cpp before 0.8 exports no namespace
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# LibTorch brings a newer {fmt} among its headers. Ours is searched first: its library is the one
# that is linked, by spdlog too.
find_path(STOKER_FMT_INCLUDE fmt/format.h REQUIRED)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/include-first")
file(CREATE_LINK "${STOKER_FMT_INCLUDE}/fmt" "${PROJECT_BINARY_DIR}/include-first/fmt" SYMBOLIC)
target_include_directories(stoker_flags SYSTEM BEFORE INTERFACE
                           "${PROJECT_BINARY_DIR}/include-first")

if(STOKER_OPENCV)
  # Not find_package: its config file is in Debian's libopencv-dev, which brings all of OpenCV and
  # some 200 packages, where three small ones are enough.
  find_path(STOKER_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
  foreach(library opencv_core opencv_imgproc opencv_imgcodecs)
    find_library(STOKER_${library} ${library} REQUIRED)
    add_library(${library} SHARED IMPORTED)
    set_target_properties(${library} PROPERTIES
      IMPORTED_LOCATION "${STOKER_${library}}"
      INTERFACE_INCLUDE_DIRECTORIES "${STOKER_OPENCV_INCLUDE}")
  endforeach()
endif()

if(STOKER_CUDA)
  include(StokerCuda)
endif()
if(STOKER_TORCH)
  include(StokerTorch)
endif()
