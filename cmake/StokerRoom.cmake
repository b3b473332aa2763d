# The targets of rooms and of their tests.

# Four precompiled headers: for rooms and for tests, each with LibTorch and without, measured in
# docs/building.md.
option(STOKER_PCH "Precompile the headers that most files share" ON)

# A first build is shorter where the files of a target are compiled eight at a time, for each begins
# with what LibTorch's headers instantiate; while one changes files the other way is faster.
option(STOKER_UNITY "Compile several files as one" OFF)
if(STOKER_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  # GCC takes the parts for headers, in which local types would be a fault, and a name of one part may
  # hide that of another.
  target_compile_options(stoker_flags INTERFACE
                         $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage -Wno-shadow>)
endif()

# stoker_compile_alone(<source>…): files whose local names others have too.
function(stoker_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# What a file that uses a precompiled header is compiled with: ccache needs it with GCC.
add_library(stoker_pch_flags INTERFACE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(stoker_pch_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()

# stoker_share_headers(<target> <carrier> HEADERS <header>… [LIBRARIES …]): precompiled for all
# targets that name the carrier, which is made at the first call. Clang does without.
function(stoker_share_headers target carrier)
  cmake_parse_arguments(PARSE_ARGV 2 SHARED "" "" "HEADERS;LIBRARIES")
  if(NOT STOKER_PCH OR CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  if(NOT TARGET ${carrier})
    set(source "${PROJECT_BINARY_DIR}/${carrier}.cpp")
    if(NOT EXISTS "${source}")
      file(WRITE "${source}" "// Carries the precompiled header.\n")
    endif()
    add_library(${carrier} OBJECT "${source}")
    target_include_directories(${carrier} PRIVATE "${PROJECT_SOURCE_DIR}/lib")
    target_link_libraries(${carrier} PRIVATE stoker_flags stoker_pch_flags ${SHARED_LIBRARIES})
    target_compile_definitions(${carrier} PRIVATE STOKER_HAS_CUDA=$<BOOL:${STOKER_CUDA}>)
    target_precompile_headers(${carrier} PRIVATE ${SHARED_HEADERS})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${carrier})
  target_link_libraries(${target} PRIVATE stoker_pch_flags)
endfunction()

# What takes longest of every file above LibTorch. Not <torch/torch.h>: loading that costs more than
# most files save by it.
set(stoker_torch_headers <torch/nn/module.h> <torch/nn/modules/batchnorm.h>
                         <torch/nn/modules/conv.h> <torch/nn/modules/linear.h> <fmt/format.h>)

# stoker_use_torch(<target>): links LibTorch and shares its precompiled headers.
function(stoker_use_torch target)
  target_link_libraries(${target} PUBLIC stoker_torch)
  stoker_share_headers(${target} stoker_pch HEADERS ${stoker_torch_headers}
                       LIBRARIES fmt::fmt stoker_torch)
endfunction()

# Rooms below LibTorch are small and work on bytes and pixels.
add_library(stoker_below_flags INTERFACE)
target_compile_options(stoker_below_flags INTERFACE
                       $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O3>)

# stoker_do_without_torch(<target>): shares the precompiled headers of the rooms below LibTorch.
function(stoker_do_without_torch target)
  target_link_libraries(${target} PRIVATE stoker_below_flags)
  stoker_share_headers(${target} stoker_below_pch
                       HEADERS <fmt/format.h> <algorithm> <filesystem> <fstream> <functional> <map>
                               <memory> <optional> <span> <string> <string_view> <vector>
                       LIBRARIES stoker_below_flags fmt::fmt)
endfunction()

# Tests run once and are compiled often: without optimization, and with the headers below, that
# takes a third to two thirds less (docs/building.md).
add_library(stoker_test_flags INTERFACE)
target_compile_options(stoker_test_flags INTERFACE
                       $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O0>)

# stoker_share_test_headers(<target> [TORCH]): Catch2's, and LibTorch's where the room uses it.
function(stoker_share_test_headers target)
  set(headers "${PROJECT_SOURCE_DIR}/tests/support/catch.h" <fmt/format.h> <filesystem> <fstream>
              <functional> <map> <memory> <optional> <string> <thread> <vector>)
  set(libraries stoker_test_flags Catch2::Catch2 fmt::fmt)
  if("TORCH" IN_LIST ARGN)
    stoker_share_headers(${target} stoker_torch_test_pch HEADERS ${stoker_torch_headers} ${headers}
                         LIBRARIES ${libraries} stoker_torch)
  else()
    stoker_share_headers(${target} stoker_test_pch HEADERS ${headers} LIBRARIES ${libraries})
  endif()
endfunction()

# stoker_room(<name> SOURCES … [CUDA …] [PUBLIC …] [PRIVATE …] [TORCH])
#
# One target a folder under lib/stoker: stoker_<name>, alias stoker::<name>. CUDA lists the .cu
# sources, left out of a CPU build. TORCH is said by each room that includes LibTorch's headers.
function(stoker_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "TORCH" "" "SOURCES;CUDA;PUBLIC;PRIVATE")
  if(ROOM_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "stoker_room(${name}): unknown ${ROOM_UNPARSED_ARGUMENTS}")
  endif()
  foreach(library IN LISTS ROOM_PUBLIC ROOM_PRIVATE)
    if(library MATCHES "^stoker::" AND NOT TARGET ${library})
      message(FATAL_ERROR "stoker_room(${name}): ${library} is no room below it")
    endif()
  endforeach()
  if(STOKER_CUDA)
    list(APPEND ROOM_SOURCES ${ROOM_CUDA})
  endif()
  add_library(stoker_${name} STATIC ${ROOM_SOURCES})
  add_library(stoker::${name} ALIAS stoker_${name})
  target_include_directories(stoker_${name} PUBLIC "${PROJECT_SOURCE_DIR}/lib")
  target_link_libraries(stoker_${name} PRIVATE stoker_flags)  # first: its includes lead
  target_link_libraries(stoker_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
  target_compile_definitions(stoker_${name} PUBLIC STOKER_HAS_CUDA=$<BOOL:${STOKER_CUDA}>)
  if(ROOM_TORCH)
    stoker_use_torch(stoker_${name})
  else()
    stoker_do_without_torch(stoker_${name})
  endif()
  set_target_properties(stoker_${name} PROPERTIES STOKER_USES_TORCH "${ROOM_TORCH}")
endfunction()

# stoker_tests(<room> [LABEL unit] SOURCES … [LIBRARIES …])
#
# One Catch2 binary a room, test_<room>, which CTest runs from the top of the repository as the test
# <room>. Hidden cases ([.]) are no part of it, nor are those tagged [gpu]: where a source has any of
# these, they are the test <room>_gpu with the label gpu, which is reported as skipped without a
# device (support/main.cpp).
function(stoker_tests room)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "LABEL" "SOURCES;LIBRARIES")
  if(TEST_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "stoker_tests(${room}): unknown ${TEST_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  add_executable(test_${room} ${TEST_SOURCES})
  target_link_libraries(test_${room} PRIVATE stoker_flags stoker_test_flags stoker_test_support
                                             stoker::${room})
  get_target_property(uses_torch stoker_${room} STOKER_USES_TORCH)
  if(uses_torch)
    target_link_libraries(test_${room} PRIVATE stoker_torch)
    stoker_share_test_headers(test_${room} TORCH)
  else()
    stoker_share_test_headers(test_${room})
    # Small, and each with helpers of its own.
    set_target_properties(test_${room} PROPERTIES UNITY_BUILD OFF)
  endif()
  target_link_libraries(test_${room} PRIVATE ${TEST_LIBRARIES})
  set_target_properties(test_${room} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME ${room} COMMAND test_${room} "~[gpu]~[.]")
  set_tests_properties(${room} PROPERTIES LABELS ${TEST_LABEL} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set(gpu_cases)
  foreach(source IN LISTS TEST_SOURCES)
    file(STRINGS "${source}" found REGEX "\\[gpu\\]")
    list(APPEND gpu_cases ${found})
  endforeach()
  if(gpu_cases AND STOKER_CUDA)
    add_test(NAME ${room}_gpu COMMAND test_${room} "[gpu]")
    set_tests_properties(${room}_gpu PROPERTIES LABELS gpu SKIP_RETURN_CODE 77
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  endif()
endfunction()
