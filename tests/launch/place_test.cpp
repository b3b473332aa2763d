#include "stoker/launch/place.h"

#include <map>

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using launch::find_place;
using launch::Place;

namespace {

launch::Environment with(std::map<std::string, std::string> variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string refused(const std::map<std::string, std::string>& variables) {
  try {
    find_place(with(variables));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("without a launcher a process is alone") {
  const Place place = find_place(with({}));
  CHECK(place.is_alone());
  CHECK(place.launcher.empty());
  // An allocation of Slurm's is none of its steps: sbatch sets these for the script.
  CHECK(find_place(with({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}, {"SLURM_JOB_ID", "7"}}))
            .is_alone());
}

TEST_CASE("torchrun says where a rank stands") {
  const Place place = find_place(with({{"TORCHELASTIC_RUN_ID", "none"},
                                       {"RANK", "5"},
                                       {"WORLD_SIZE", "8"},
                                       {"LOCAL_RANK", "1"},
                                       {"LOCAL_WORLD_SIZE", "4"},
                                       {"MASTER_ADDR", "a1"},
                                       {"MASTER_PORT", "29400"},
                                       {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                       {"TORCHELASTIC_RESTART_COUNT", "2"}}));
  CHECK(place.launcher == "torchrun");
  CHECK(place.rank == 5);
  CHECK(place.world == 8);
  CHECK(place.local_rank == 1);
  CHECK(place.local_world == 4);
  CHECK(place.master_address == "a1");
  CHECK(place.master_port == 29400);
  CHECK(place.has_agent);
  CHECK(place.attempt == 2);
}

TEST_CASE("one rank that is left of several knows the store of torchrun's agent") {
  std::map<std::string, std::string> variables{{"TORCHELASTIC_RUN_ID", "none"},
                                               {"RANK", "0"},
                                               {"WORLD_SIZE", "1"},
                                               {"MASTER_ADDR", "a1"},
                                               {"MASTER_PORT", "29400"},
                                               {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                               {"TORCHELASTIC_RESTART_COUNT", "1"}};
  const Place place = find_place(with(variables));
  CHECK(place.is_alone());
  CHECK(place.master_address == "a1");
  CHECK(place.master_port == 29400);
  variables.erase("TORCHELASTIC_USE_AGENT_STORE");
  CHECK(find_place(with(variables)).master_address.empty());
}

TEST_CASE("srun says where a rank stands") {
  std::map<std::string, std::string> variables{{"SLURM_STEP_ID", "0"},
                                               {"SLURM_JOB_ID", "31007"},
                                               {"SLURM_PROCID", "4"},
                                               {"SLURM_STEP_NUM_TASKS", "7"},
                                               {"SLURM_LOCALID", "1"},
                                               {"SLURM_NODEID", "2"},
                                               {"SLURM_STEP_TASKS_PER_NODE", "2(x2),3"},
                                               {"SLURM_STEP_NODELIST", "gpu[07-08,11]"}};
  const Place place = find_place(with(variables));
  CHECK(place.launcher == "Slurm");
  CHECK(place.rank == 4);
  CHECK(place.world == 7);
  CHECK(place.local_world == 3);
  CHECK(place.master_address == "gpu07");
  CHECK(place.master_port == 15000 + 31007 % 15000);
  CHECK_FALSE(place.has_agent);
  variables["MASTER_ADDR"] = "10.0.0.1";
  variables["MASTER_PORT"] = "1234";
  CHECK(find_place(with(variables)).master_address == "10.0.0.1");
  CHECK(find_place(with(variables)).master_port == 1234);
}

TEST_CASE("Open MPI and MPICH on one host need no address") {
  const Place open = find_place(with({{"OMPI_COMM_WORLD_RANK", "1"},
                                      {"OMPI_COMM_WORLD_SIZE", "2"},
                                      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                      {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}));
  CHECK(open.launcher == "Open MPI");
  CHECK(open.master_address == "127.0.0.1");
  CHECK(open.master_port >= 15000);
  const Place mpich = find_place(with(
      {{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "0"}, {"MPI_LOCALNRANKS", "2"}}));
  CHECK(mpich.launcher == "MPICH");
  CHECK(mpich.master_port == open.master_port);
  CHECK_THAT(refused({{"OMPI_COMM_WORLD_RANK", "1"},
                      {"OMPI_COMM_WORLD_SIZE", "4"},
                      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                      {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}),
             Catch::Contains("Open MPI started rank 1 of 4") && Catch::Contains("MASTER_ADDR"));
}

TEST_CASE("pods of an indexed job are ranks") {
  const Place place = find_place(
      with({{"JOB_COMPLETION_INDEX", "3"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "train-0.train"}}));
  CHECK(place.launcher == "Kubernetes");
  CHECK(place.rank == 3);
  CHECK(place.master_port == 29500);
}

TEST_CASE("variables that contradict each other are named") {
  CHECK_THAT(refused({{"RANK", "1"}}), Catch::Contains("WORLD_SIZE is not"));
  CHECK_THAT(refused({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
             Catch::Contains("RANK=2 and WORLD_SIZE=2") && Catch::Contains("the last is 1"));
  CHECK_THAT(refused({{"RANK", "one"}, {"WORLD_SIZE", "2"}}), Catch::Contains("RANK is \"one\""));
  CHECK_THAT(refused({{"RANK", "0"}, {"WORLD_SIZE", "0"}}), Catch::Contains("at least 1"));
  CHECK_THAT(refused({{"RANK", "0"}, {"WORLD_SIZE", "2"}}), Catch::Contains("MASTER_ADDR"));
  CHECK_THAT(
      refused({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}),
      Catch::Contains("MASTER_PORT is 70000"));
  CHECK_THAT(
      refused(
          {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_WORLD_SIZE", "3"}, {"MASTER_ADDR", "a"}}),
      Catch::Contains("LOCAL_WORLD_SIZE"));
}

TEST_CASE("hosts that start ranks of their own") {
  using launch::find_nodes;
  CHECK(find_nodes(with({})).count == 1);
  const launch::Nodes kubeflow = find_nodes(with({{"PET_NNODES", "3"},
                                                  {"PET_NODE_RANK", "2"},
                                                  {"PET_MASTER_ADDR", "job-0.svc"},
                                                  {"PET_MASTER_PORT", "29500"}}));
  CHECK(kubeflow.count == 3);
  CHECK(kubeflow.index == 2);
  CHECK(kubeflow.master_address == "job-0.svc");
  const launch::Nodes slurm = find_nodes(with({{"SLURM_STEP_ID", "0"},
                                               {"SLURM_PROCID", "1"},
                                               {"SLURM_STEP_NUM_TASKS", "2"},
                                               {"SLURM_STEP_TASKS_PER_NODE", "1(x2)"},
                                               {"SLURM_NODEID", "1"},
                                               {"SLURM_STEP_NODELIST", "a,b"}}));
  CHECK(slurm.count == 2);
  CHECK(slurm.index == 1);
  CHECK(slurm.master_address == "a");
  CHECK_THROWS_WITH(
      find_nodes(with(
          {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}})),
      Catch::Contains("has started 2 here already"));
  CHECK_THROWS_AS(find_nodes(with({{"PET_NNODES", "1:4"}})), ConfigError);
  CHECK_THROWS_AS(find_nodes(with({{"PET_NNODES", "2"}})), ConfigError);
}

TEST_CASE("lists as Slurm writes them") {
  CHECK(launch::first_host("a1") == "a1");
  CHECK(launch::first_host("a1,b2") == "a1");
  CHECK(launch::first_host("gpu[07-09,12],a1") == "gpu07");
  CHECK(launch::first_host("a,gpu[1-2]") == "a");
  CHECK(launch::first_host("rack[1]-x") == "rack1");
  CHECK(launch::first_host("") == "");
  CHECK(launch::tasks_on_node("2(x3),1", 2) == 2);
  CHECK(launch::tasks_on_node("2(x3),1", 3) == 1);
  CHECK_FALSE(launch::tasks_on_node("2(x3),1", 4).has_value());
  CHECK_FALSE(launch::tasks_on_node("", 0).has_value());
  CHECK_FALSE(launch::tasks_on_node("x", 0).has_value());
}
