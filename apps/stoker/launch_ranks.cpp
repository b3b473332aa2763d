#include "launch_ranks.h"

#include "command_line/body.h"
#include "hand_over.h"
#include "stoker/core/interrupt.h"
#include "stoker/launch/devices.h"
#include "stoker/launch/local_ranks.h"
#include "stoker/launch/place.h"
#include "stoker/launch/slots.h"

namespace stoker::app {

ExitCode launch_ranks(const std::string& devices, bool dry_run, char** argv) {
  using launch::Devices;
  const launch::Environment environment = launch::process_environment();
  if (devices.empty() || environment("STOKER_LAUNCHER")) throw HandOver{};
  const Devices wanted = launch::parse_devices(devices, std::ssize(launch::this_machine().devices));
  if (dry_run || wanted.kind == Devices::Kind::kFake) throw HandOver{};
  const launch::Nodes nodes = launch::find_nodes(environment);
  if (wanted.count == 1 && nodes.count == 1) throw HandOver{};
  launch::LocalRanks ranks{
      .command = {stoker_torch().string()}, .count = wanted.count, .nodes = nodes};
  for (char** word = argv + 1; *word != nullptr; ++word) ranks.command.emplace_back(*word);
  if (wanted.kind == Devices::Kind::kCpu) ranks.command.emplace_back("device=cpu");
  set_interrupt_notices("", "");  // the first rank says what a signal does
  return static_cast<ExitCode>(launch::run_ranks(ranks));
}

}  // namespace stoker::app
