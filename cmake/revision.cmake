# cmake -D SOURCE=… -D OUTPUT=… -P revision.cmake: writes the git revision, "" outside a clone, into a
# header that is only touched when it changed.
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
                RESULT_VARIABLE failed)
if(failed)
  set(revision "")
endif()
set(text "#define STOKER_GIT_REVISION \"${revision}\"\n")
set(before)
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT text STREQUAL before)
  file(WRITE "${OUTPUT}" "${text}")
endif()
