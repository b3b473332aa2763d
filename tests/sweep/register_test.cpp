#include "stoker/sweep/register.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <thread>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using sweep::Register;
using sweep::Trial;
using sweep::TrialState;

namespace {

Trial full_trial() {
  return {.number = 2,
          .setting = 1,
          .overrides = {"a=1", "name=\"x y\""},
          .epochs = 2.5,
          .state = TrialState::kFailed,
          .attempts = 3,
          .exit_code = 5,
          .reason = "out of \"memory\"",
          .run = "trial-002/1",
          .process = 77,
          .process_start = 123456789012,
          .rung = 1,
          .rung_values = {0.25},
          .metrics = {{"val.top1", 0.5}},
          .steps = 40,
          .train_time_s = 1.5,
          .peak_bytes = int64_t{1} << 40};
}

}  // namespace

TEST_CASE("trials come back as they were written") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / Register::kFile;
  CHECK_FALSE(Register::exists(path));
  const std::vector<Trial> trials{{.number = 1}, full_trial()};
  Register book = Register::create(path, "what it is", trials);
  CHECK(Register::exists(path));
  CHECK(book.trials() == trials);
  CHECK(Register::open(path).identity() == "what it is");
  Trial first = trials[0];
  first.state = TrialState::kRunning;
  book.update(first);
  CHECK(Register::open_to_read(path).trials()[0] == first);
}

TEST_CASE("a value that is not finite stays so") {
  const test::TemporaryFolder folder;
  Trial trial{.number = 1, .rung_values = {std::nan(""), 1}};
  const Register book = Register::create(folder.path() / Register::kFile, "", {&trial, 1});
  CHECK(std::isnan(book.trials()[0].rung_values[0]));
}

TEST_CASE("a register on a file system of other machines keeps no log beside it") {
  const test::TemporaryFolder folder;
  sweep::Database shared(folder.path() / "a.sqlite", sweep::JournalMode::kNetwork);
  sweep::Database local(folder.path() / "b.sqlite", sweep::JournalMode::kDisk);
  for (sweep::Database* database : {&shared, &local}) database->run("CREATE TABLE t(x INTEGER)");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "a.sqlite-wal"));
  CHECK(std::filesystem::exists(folder.path() / "b.sqlite-wal"));
  CHECK(sweep::journal_mode_for("/nowhere") == sweep::JournalMode::kNetwork);
}

TEST_CASE("several trials change together or not at all") {
  const test::TemporaryFolder folder;
  sweep::Database database(folder.path() / "a.sqlite");
  database.run("CREATE TABLE t(x INTEGER UNIQUE)");
  try {
    sweep::Transaction all(database);
    database.run("INSERT INTO t VALUES(1)");
    database.run("INSERT INTO t VALUES(1)");
    all.commit();
  } catch (const FileError& error) {
    CHECK_THAT(error.what(), Catch::Contains("UNIQUE"));
  }
  sweep::Statement count(database, "SELECT count(*) FROM t");
  CHECK(count.step());
  CHECK(count.integer(0) == 0);
}

TEST_CASE("a process that is killed while it writes leaves a whole register") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / Register::kFile;
  const std::vector<Trial> trials{{.number = 1}, {.number = 2}};
  { const Register made = Register::create(path, "x", trials); }
  for (int life = 0; life < 10; ++life) {
    const pid_t writer = fork();
    if (writer == 0) {
      Register book = Register::open(path);
      for (int64_t n = 1;; ++n) {
        const std::vector<Trial> pair{{.number = 1, .attempts = n}, {.number = 2, .attempts = n}};
        book.update(pair);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(7 + 5 * life));
    ::kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    const auto found = Register::open(path).trials();
    REQUIRE(found.size() == 2);
    CHECK(found[0].attempts == found[1].attempts);
  }
}

TEST_CASE("a file that is no register is refused by name") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / Register::kFile;
  test::write(path, "this is no database, and long enough to be taken for one at first sight");
  CHECK_THROWS_WITH(Register::open(path), Catch::Contains(path.string()));
}
