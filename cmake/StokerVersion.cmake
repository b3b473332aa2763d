# Versions: those of what we build with, read from headers, and our own.

# The version that `macro`_MAJOR and its kin have in a header; "" if it is not there.
function(stoker_header_version result header major minor patch)
  set(${result} "" PARENT_SCOPE)
  if(NOT EXISTS "${header}")
    return()
  endif()
  file(STRINGS "${header}" lines REGEX "#define +(${major}|${minor}|${patch}) +[0-9]+")
  set(version)
  foreach(part ${major} ${minor} ${patch})
    if("${lines}" MATCHES "#define +${part} +([0-9]+)")
      list(APPEND version ${CMAKE_MATCH_1})
    endif()
  endforeach()
  string(REPLACE ";" "." version "${version}")
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

# stoker_version(<target>): adds the generated core/version.cpp to a target.
#
# What is known when CMake runs is filled in then. The git revision is looked up by each build, and
# compiled again only when it changed.
function(stoker_version target)
  set(folder "${PROJECT_BINARY_DIR}/generated/stoker/core")
  string(TOLOWER "${CMAKE_BUILD_TYPE}" STOKER_BUILD_TYPE)
  set(STOKER_OPENCV_VERSION "")
  if(STOKER_OPENCV)
    stoker_header_version(STOKER_OPENCV_VERSION "${STOKER_OPENCV_INCLUDE}/opencv2/core/version.hpp"
                          CV_VERSION_MAJOR CV_VERSION_MINOR CV_VERSION_REVISION)
  endif()
  set(STOKER_CUDA_VERSION "")
  set(STOKER_CUDA_ARCHITECTURES "")
  if(STOKER_CUDA)
    set(STOKER_CUDA_VERSION "${CMAKE_CUDA_COMPILER_VERSION}")
    set(STOKER_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")
  else()
    set(STOKER_CUDNN_VERSION "")
    set(STOKER_NCCL_VERSION "")
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/lib/stoker/core/version.cpp.in" "${folder}/version.cpp" @ONLY)
  add_custom_target(stoker_revision
    COMMAND ${CMAKE_COMMAND} -D "SOURCE=${PROJECT_SOURCE_DIR}" -D "OUTPUT=${folder}/revision.h"
            -P "${PROJECT_SOURCE_DIR}/cmake/revision.cmake"
    BYPRODUCTS "${folder}/revision.h"
    COMMENT "" VERBATIM)
  target_sources(${target} PRIVATE "${folder}/version.cpp")
  set_property(SOURCE "${folder}/version.cpp" TARGET_DIRECTORY ${target}
               APPEND PROPERTY OBJECT_DEPENDS "${folder}/revision.h")
  add_dependencies(${target} stoker_revision)
endfunction()
