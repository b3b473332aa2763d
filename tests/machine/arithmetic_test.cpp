#include "stoker/machine/arithmetic.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "support/catch.h"

using namespace stoker;

namespace {

bool has_amx() {
  std::ifstream info("/proc/cpuinfo");
  const std::string text((std::istreambuf_iterator<char>(info)), {});
  return text.find("amx_bf16") != std::string::npos;
}

// The variable with a value for the lifetime of this.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() {
    if (before_.empty()) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, before_.c_str(), 1);
    }
  }

 private:
  const char* name_;
  std::string before_;
};

}  // namespace

TEST_CASE("on a CPU AMX decides whether bf16 is fast") {
  {
    const Variable all("ONEDNN_MAX_CPU_ISA", "ALL");
    CHECK(machine::fast_arithmetic(c10::kCPU).bf16 == has_amx());
  }
  const Variable older("ONEDNN_MAX_CPU_ISA", "AVX512_CORE");
  const machine::Arithmetic fast = machine::fast_arithmetic(c10::kCPU);
  CHECK_FALSE(fast.bf16);
  CHECK_FALSE(fast.fp16);
  CHECK_THAT(fast.reason, Catch::Contains("bf16 is slower than fp32"));
}
