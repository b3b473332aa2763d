// `--devices`: the ranks of this host, started by the program that needs no LibTorch.
#pragma once

#include <string>

#include "stoker/core/error.h"

namespace stoker::app {

// Runs this process's command line on each of the devices, and returns the exit code that the
// ranks come to. devices: as --devices has it; argv: the command line. Throws HandOver where there
// is nothing to start: no --devices, a rank already, one device, fake ones, or a dry run.
ExitCode launch_ranks(const std::string& devices, bool dry_run, char** argv);

}  // namespace stoker::app
