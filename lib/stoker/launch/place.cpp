#include "stoker/launch/place.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

#include "stoker/core/error.h"

namespace stoker::launch {

namespace {

constexpr int kDefaultPort = 29500;  // torch.distributed's
constexpr std::string_view kLoopback = "127.0.0.1";

// Reads variables as numbers, with errors that name them.
class Numbers {
 public:
  Numbers(const Environment& environment, std::string launcher)
      : environment_(environment), launcher_(std::move(launcher)) {}

  std::optional<int64_t> find(const char* name, int64_t least) const {
    const auto text = environment_(name);
    if (!text) return std::nullopt;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < least) {
      throw ConfigError(fmt::format(
          "the environment variable {} is \"{}\", expected a whole number of at least {} ({} sets "
          "it)",
          name, *text, least, launcher_));
    }
    return value;
  }

  int64_t need(const char* name, int64_t least, const char* because) const {
    if (const auto value = find(name, least)) return *value;
    throw ConfigError(fmt::format(
        "the environment variable {} is set, but {} is not: both say where this process stands "
        "among the ranks of a training. Set both, or unset {} to train alone.",
        because, name, because));
  }

 private:
  const Environment& environment_;
  std::string launcher_;
};

// local_world: null where a launcher tells none.
struct Names {
  const char *rank, *world, *local_rank, *local_world;
};

// The numbers of a place, by the names that a launcher gives them.
Place numbered(const Environment& environment, std::string launcher, const Names& names) {
  const Numbers numbers(environment, launcher);
  Place place{.launcher = std::move(launcher)};
  place.rank = numbers.need(names.rank, 0, names.world);
  place.world = numbers.need(names.world, 1, names.rank);
  place.local_rank = numbers.find(names.local_rank, 0).value_or(0);
  place.local_world = place.local_rank + 1;
  if (names.local_world != nullptr)
    place.local_world = numbers.find(names.local_world, 1).value_or(place.local_world);
  const auto check = [](const char* name, int64_t rank, const char* of, int64_t world) {
    if (rank < world) return;
    throw ConfigError(fmt::format(
        "the environment says {}={} and {}={}: ranks are counted from 0, so the last is {}", name,
        rank, of, world, world - 1));
  };
  check(names.rank, place.rank, names.world, place.world);
  if (names.local_world == nullptr) {
    check(names.local_rank, place.local_rank, names.world, place.world);
    return place;
  }
  check(names.local_rank, place.local_rank, names.local_world, place.local_world);
  check(names.local_world, place.local_world - 1, names.world, place.world);
  return place;
}

int port_of(const Environment& environment, int otherwise) {
  const Numbers numbers(environment, "the launcher");
  const int64_t port = numbers.find("MASTER_PORT", 1).value_or(otherwise);
  if (port > std::numeric_limits<uint16_t>::max())
    throw ConfigError(fmt::format("the environment variable MASTER_PORT is {}, above 65535", port));
  return static_cast<int>(port);
}

// A port for a job that has a number and no other way to agree on one.
int port_of_job(int64_t job) {
  constexpr int kFirst = 15'000, kPorts = 15'000;  // below those that systems give to clients
  return kFirst + static_cast<int>(job % kPorts);
}

// The address is what MASTER_ADDR says, or what the launcher's own variables do.
void set_master(Place& place, const Environment& environment, const std::string& otherwise,
                int port) {
  if (place.is_alone() && !place.has_agent) return;
  place.master_address = environment("MASTER_ADDR").value_or(otherwise);
  place.master_port = port_of(environment, port);
  if (place.master_address.empty()) {
    throw ConfigError(fmt::format(
        "{} started rank {} of {}, but where the ranks meet is not said: set MASTER_ADDR to the "
        "address of the host of rank 0, and MASTER_PORT to a free port there",
        place.launcher, place.rank, place.world));
  }
}

Place of_slurm(const Environment& environment) {
  Place place = numbered(environment, "Slurm",
                         {.rank = "SLURM_PROCID",
                          .world = "SLURM_STEP_NUM_TASKS",
                          .local_rank = "SLURM_LOCALID",
                          .local_world = nullptr});
  const Numbers numbers(environment, place.launcher);
  const int64_t node = numbers.find("SLURM_NODEID", 0).value_or(0);
  const auto tasks = tasks_on_node(environment("SLURM_STEP_TASKS_PER_NODE").value_or(""), node);
  place.local_world = std::max(place.local_world, tasks.value_or(place.local_world));
  const int64_t job = numbers.find("SLURM_JOB_ID", 0).value_or(0);
  set_master(place, environment, first_host(environment("SLURM_STEP_NODELIST").value_or("")),
             port_of_job(job));
  return place;
}

// Those of MPI tell no address. On one host none is needed, and all ranks have the same parent.
Place of_mpi(const Environment& environment, std::string launcher, const Names& names) {
  Place place = numbered(environment, std::move(launcher), names);
  const bool is_one_host = place.local_world == place.world;
  set_master(place, environment, is_one_host ? std::string(kLoopback) : "", port_of_job(getppid()));
  return place;
}

Place of_torchrun(const Environment& environment, std::string launcher) {
  Place place = numbered(environment, std::move(launcher),
                         {.rank = "RANK",
                          .world = "WORLD_SIZE",
                          .local_rank = "LOCAL_RANK",
                          .local_world = "LOCAL_WORLD_SIZE"});
  // One rank that is left of several goes on by what the agent's store remembers.
  place.has_agent = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
  set_master(place, environment, "", kDefaultPort);
  const Numbers numbers(environment, place.launcher);
  place.attempt = numbers.find("TORCHELASTIC_RESTART_COUNT", 0).value_or(0);
  place.store_descriptor = static_cast<int>(numbers.find("STOKER_STORE_FD", 0).value_or(-1));
  return place;
}

// An indexed job of Kubernetes numbers its pods, and its manifest says how many there are.
Place of_indexed_job(const Environment& environment) {
  Place place = numbered(environment, "Kubernetes",
                         {.rank = "JOB_COMPLETION_INDEX",
                          .world = "WORLD_SIZE",
                          .local_rank = "LOCAL_RANK",
                          .local_world = "LOCAL_WORLD_SIZE"});
  set_master(place, environment, "", kDefaultPort);
  return place;
}

}  // namespace

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
  };
}

Place find_place(const Environment& environment) {
  const auto is_set = [&](const char* name) { return environment(name).has_value(); };
  if (is_set("STOKER_LAUNCHER")) return of_torchrun(environment, "stoker");
  if (is_set("RANK")) {
    return of_torchrun(environment, is_set("TORCHELASTIC_RUN_ID") ? "torchrun" : "the environment");
  }
  // sbatch sets SLURM_PROCID too; a step is what srun started.
  if (is_set("SLURM_STEP_ID") && is_set("SLURM_PROCID")) return of_slurm(environment);
  if (is_set("OMPI_COMM_WORLD_RANK")) {
    return of_mpi(environment, "Open MPI",
                  {.rank = "OMPI_COMM_WORLD_RANK",
                   .world = "OMPI_COMM_WORLD_SIZE",
                   .local_rank = "OMPI_COMM_WORLD_LOCAL_RANK",
                   .local_world = "OMPI_COMM_WORLD_LOCAL_SIZE"});
  }
  if (is_set("PMI_RANK")) {
    return of_mpi(environment, "MPICH",
                  {.rank = "PMI_RANK",
                   .world = "PMI_SIZE",
                   .local_rank = "MPI_LOCALRANKID",
                   .local_world = "MPI_LOCALNRANKS"});
  }
  if (is_set("JOB_COMPLETION_INDEX") && is_set("WORLD_SIZE")) return of_indexed_job(environment);
  return {};
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

Nodes find_nodes(const Environment& environment) {
  const Numbers numbers(environment, "Kubeflow's trainer");
  if (environment("PET_NNODES")) {
    Nodes nodes{.count = numbers.need("PET_NNODES", 1, "PET_NNODES")};
    if (nodes.count == 1) return nodes;
    nodes.index = numbers.need("PET_NODE_RANK", 0, "PET_NNODES");
    nodes.master_address = environment("PET_MASTER_ADDR").value_or("");
    nodes.master_port = static_cast<int>(numbers.need("PET_MASTER_PORT", 1, "PET_NNODES"));
    if (nodes.index >= nodes.count || nodes.master_address.empty()) {
      throw ConfigError(
          "PET_NNODES is set; expected a PET_NODE_RANK below it and a PET_MASTER_ADDR as well");
    }
    return nodes;
  }
  const Place place = find_place(environment);
  if (place.local_world > 1) {
    throw ConfigError(fmt::format(
        "--devices starts the ranks of this host, but {} has started {} here already: leave "
        "--devices out, or let it start one process a host",
        place.launcher, place.local_world));
  }
  if (place.is_alone()) return {};
  return {.count = place.world,
          .index = place.rank,
          .master_address = place.master_address,
          .master_port = place.master_port};
}

std::string first_host(std::string_view hosts) {
  const size_t bracket = hosts.find('['), comma = hosts.find(',');
  if (bracket == std::string_view::npos || comma < bracket)
    return std::string(hosts.substr(0, comma));
  const std::string_view numbers = hosts.substr(bracket + 1);
  return std::string(hosts.substr(0, bracket)) +
         std::string(numbers.substr(0, numbers.find_first_of("-,]")));
}

std::optional<int64_t> tasks_on_node(std::string_view tasks, int64_t node) {
  while (!tasks.empty()) {
    const std::string_view item = tasks.substr(0, tasks.find(','));
    tasks.remove_prefix(std::min(tasks.size(), item.size() + 1));
    int64_t count = 0, times = 1;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), count);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view rest = item.substr(static_cast<size_t>(end - item.data()));
    if (rest.starts_with("(x")) std::from_chars(rest.data() + 2, rest.data() + rest.size(), times);
    if (node < times) return count;
    node -= times;
  }
  return std::nullopt;
}

}  // namespace stoker::launch
