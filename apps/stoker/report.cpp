// `stoker report`: a page of what runs' folders say, without LibTorch.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <vector>

#include "bodies.h"
#include "stoker/core/log.h"
#include "stoker/core/output.h"
#include "stoker/core/text.h"
#include "stoker/report/page.h"

namespace stoker::app {

ExitCode write_report(const ReportArguments& arguments) {
  check_output("--out", arguments.out, OutputKind::kText);
  const std::vector<std::filesystem::path> folders(arguments.folders.begin(),
                                                   arguments.folders.end());
  const std::string page = report::page_of(folders);
  write_output("--out", arguments.out, as_bytes(page));
  if (!is_standard_output(arguments.out))
    log().info("{}: {}", arguments.out, human_bytes(page.size()));
  return ExitCode::kDone;
}

}  // namespace stoker::app
