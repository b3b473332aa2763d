// What a call throws, as words.
#pragma once

#include <string>

namespace stoker::test {

// What `call` throws as an Error says; "" if nothing is thrown.
template <class Error, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace stoker::test
