# OpenCV by its headers and libraries. Debian puts OpenCVConfig.cmake only into libopencv-dev, which
# brings a gigabyte of modules; the three small packages that stoker needs come without it.
#
# Defines OpenCV_VERSION and the targets opencv_core, opencv_imgproc and opencv_imgcodecs.

find_path(OpenCV_INCLUDE_DIR opencv2/core/version.hpp PATH_SUFFIXES opencv4)
foreach(component IN LISTS OpenCV_FIND_COMPONENTS)
  find_library(OpenCV_${component}_LIBRARY opencv_${component})
  if(OpenCV_${component}_LIBRARY)
    set(OpenCV_${component}_FOUND TRUE)
  endif()
endforeach()
if(OpenCV_INCLUDE_DIR)
  file(STRINGS "${OpenCV_INCLUDE_DIR}/opencv2/core/version.hpp" lines
       REGEX "^#define CV_VERSION_(MAJOR|MINOR|REVISION) +[0-9]+")
  string(REGEX REPLACE "[^;0-9]+" "" numbers "${lines}")
  list(JOIN numbers "." OpenCV_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCV REQUIRED_VARS OpenCV_INCLUDE_DIR
                                  VERSION_VAR OpenCV_VERSION HANDLE_COMPONENTS)
foreach(component IN LISTS OpenCV_FIND_COMPONENTS)
  if(OpenCV_FOUND AND NOT TARGET opencv_${component})
    add_library(opencv_${component} UNKNOWN IMPORTED)
    set_target_properties(opencv_${component} PROPERTIES
        IMPORTED_LOCATION "${OpenCV_${component}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
  endif()
  mark_as_advanced(OpenCV_${component}_LIBRARY)
endforeach()
mark_as_advanced(OpenCV_INCLUDE_DIR)
