# Language level, build type, compiler cache, linker and warnings, for our own targets.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
# Our time is in kernels and decoders, which raise it to -O3 (stoker_room); what talks to LibTorch
# only waits for it, and compiles faster so.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(STOKER_CCACHE ccache)
if(STOKER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers need these settings (ccache manual, "Precompiled headers").
  set(launcher "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${STOKER_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${launcher})
endif()
find_program(STOKER_MOLD mold)
if(STOKER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# stoker_flags carries what every target of ours is compiled with. -fPIC for programs as well as
# libraries: one precompiled header serves only files with the same code-generation flags.
add_library(stoker_flags INTERFACE)
# GCC 13 sees bounds broken within libfmt 9, and references to tables dangle that do not.
string(REGEX MATCH "^13\\." is_gcc13 "${CMAKE_CXX_COMPILER_VERSION}")
target_compile_options(stoker_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fPIC -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                            -Wno-missing-field-initializers>
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<BOOL:${is_gcc13}>>:-Wno-array-bounds
                                                            -Wno-stringop-overflow
                                                            -Wno-dangling-reference>
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fPIC>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${STOKER_WERROR}>>:-Werror>)
if(STOKER_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "STOKER_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++ in a new build folder")
  endif()
  if(NOT STOKER_SANITIZE)
    set(STOKER_SANITIZE address,undefined)
  endif()
  # Coverage of all our code, which is what guides the fuzzer; and what asserts in the standard library.
  target_compile_options(stoker_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
  target_compile_definitions(stoker_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(STOKER_SANITIZE)
  set(sanitize "-fsanitize=${STOKER_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(stoker_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${sanitize}>)
  target_link_options(stoker_flags INTERFACE "-fsanitize=${STOKER_SANITIZE}")
endif()
