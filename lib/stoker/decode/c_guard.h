// Calls into a C library whose error handler leaves by longjmp.
//
// A jump over a frame with destructors is undefined, so `steps` is a lambda that calls the library
// and owns nothing: no strings, vectors or locks are made inside it.
//
//   if (!attempt(state.jump, [&] { jpeg_read_header(&info, TRUE); })) throw DataError(…);
#pragma once

#include <csetjmp>

namespace stoker::decode {

// False if the library jumped out of `steps`.
template <class Steps>
[[gnu::noinline]] bool attempt(std::jmp_buf& jump, const Steps& steps) {
  if (setjmp(jump) != 0) return false;
  steps();
  return true;
}

}  // namespace stoker::decode
