#include "stoker/core/error.h"

#include <string_view>

namespace stoker::detail {

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::string_view place = file;
  if (const size_t root = place.rfind("stoker/"); root != std::string_view::npos) {
    place.remove_prefix(root);
  }
  throw InternalError(fmt::format("{}:{}: expected {}, but {}. This is a defect of stoker.", place,
                                  line, condition, values));
}

}  // namespace stoker::detail
