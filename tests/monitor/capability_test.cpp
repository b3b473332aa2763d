#include "stoker/monitor/capability.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace stoker;
using monitor::fit_of;
using monitor::KernelFit;
using Words = std::vector<std::string>;

TEST_CASE("what a GPU multiplies follows from its compute capability") {
  CHECK(monitor::tensor_core_types(6.1).empty());
  CHECK(monitor::tensor_core_types(7.0) == Words{"fp16"});
  CHECK(monitor::tensor_core_types(7.5) == Words{"fp16", "int8"});
  CHECK(monitor::tensor_core_types(8.6) == Words{"fp16", "int8", "bf16", "tf32"});
  CHECK(monitor::tensor_core_types(8.9) == Words{"fp16", "int8", "bf16", "tf32", "fp8"});
  CHECK(monitor::tensor_core_types(12.0) == Words{"fp16", "int8", "bf16", "tf32", "fp8", "fp4"});
  CHECK(monitor::fastest_precision(6.1) == "fp32");
  CHECK(monitor::fastest_precision(7.5) == "fp16");
  CHECK(monitor::fastest_precision(8.0) == "bf16");
}

TEST_CASE("kernels run on later cards of their generation, and as PTX on all later ones") {
  const monitor::Kernels kernels = monitor::kernels_of("80-real;90");
  CHECK(kernels.code == std::vector{8.0, 9.0});
  CHECK(kernels.ptx == std::vector{9.0});
  CHECK(fit_of(kernels, 7.5) == KernelFit::kNone);
  CHECK(fit_of(kernels, 8.0) == KernelFit::kCode);
  CHECK(fit_of(kernels, 8.9) == KernelFit::kCode);
  CHECK(fit_of(kernels, 9.0) == KernelFit::kCode);
  CHECK(fit_of(kernels, 12.0) == KernelFit::kPtx);
  CHECK(fit_of(monitor::kernels_of("86-real"), 8.0) == KernelFit::kNone);
  CHECK(fit_of(monitor::kernels_of("70-virtual"), 7.0) == KernelFit::kPtx);
  // Code for one generation alone has no PTX that others could take.
  CHECK(fit_of(monitor::kernels_of("90a"), 10.0) == KernelFit::kNone);
  CHECK(monitor::kernels_of("native").empty());
  CHECK(monitor::kernels_of("").empty());
}
