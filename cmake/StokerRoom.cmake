# stoker_room(<name> SOURCES … [CUDA …] [PUBLIC …] [PRIVATE …] [TORCH])
#
# One target a folder under lib/stoker: stoker_<name>, alias stoker::<name>. CUDA lists the .cu
# sources, left out of a CPU build. TORCH links LibTorch and shares its precompiled header.
function(stoker_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;CUDA;PUBLIC;PRIVATE" ${ARGN})
  if(STOKER_CUDA)
    list(APPEND ROOM_SOURCES ${ROOM_CUDA})
  endif()
  add_library(stoker_${name} STATIC ${ROOM_SOURCES})
  add_library(stoker::${name} ALIAS stoker_${name})
  target_include_directories(stoker_${name} PUBLIC "${PROJECT_SOURCE_DIR}/lib")
  target_link_libraries(stoker_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE stoker_flags ${ROOM_PRIVATE})
  target_compile_definitions(stoker_${name} PUBLIC STOKER_HAS_CUDA=$<BOOL:${STOKER_CUDA}>)
  if(ROOM_TORCH)
    target_link_libraries(stoker_${name} PUBLIC stoker_torch)
  endif()
endfunction()

# stoker_tests(<room> [LABEL unit] SOURCES … [LIBRARIES …])
#
# One Catch2 binary a room, test_<room>, each TEST_CASE a CTest test with the label. A test whose
# name or tag says [gpu] also gets the label gpu.
function(stoker_tests room)
  cmake_parse_arguments(TEST "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  add_executable(test_${room} ${TEST_SOURCES})
  target_link_libraries(test_${room} PRIVATE stoker_flags stoker_test_support stoker::${room} ${TEST_LIBRARIES})
  set_target_properties(test_${room} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME ${room} COMMAND test_${room} "~[gpu]")
  set_tests_properties(${room} PROPERTIES LABELS ${TEST_LABEL} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
endfunction()
