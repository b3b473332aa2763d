#include "stoker/sweep/database.h"

#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "stoker/core/error.h"

namespace stoker::sweep {

namespace {

constexpr int kWait_ms = 30'000;  // for a reader of the register that is in the way

[[noreturn]] void fail(const Database& database, std::string_view doing) {
  throw FileError(
      fmt::format("{}: cannot {}: {}", database.name(), doing, sqlite3_errmsg(database.get())));
}

}  // namespace

JournalMode journal_mode_for(const std::filesystem::path& folder) {
  // Those whose locks and maps do not reach the other machines, or may not.
  constexpr long kCifs = 0xFF534D42, kSmb2 = 0xFE534D42, kFuse = 0x65735546, kLustre = 0x0BD00BD0,
                 kGpfs = 0x47504653, kCeph = 0x00C36400, kNinep = 0x01021997;
  constexpr std::array<long, 9> kShared{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, kCifs, kSmb2, kFuse,
                                        kLustre,         kGpfs,           kCeph, kNinep};
  struct statfs facts = {};
  if (::statfs(folder.c_str(), &facts) != 0) return JournalMode::kNetwork;
  const auto type = static_cast<long>(static_cast<uint32_t>(facts.f_type));
  return std::ranges::find(kShared, type) == kShared.end() ? JournalMode::kDisk
                                                           : JournalMode::kNetwork;
}

Database::Database(const std::filesystem::path& path, int flags) : name_(path.string()) {
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(name_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (result != SQLITE_OK) fail(*this, "open");
  sqlite3_busy_timeout(handle, kWait_ms);
}

Database::Database(const std::filesystem::path& path, JournalMode mode)
    : Database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
  // Where the log cannot be had SQLite stays with the journal, which is good too.
  run(mode == JournalMode::kDisk ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=DELETE");
  run("PRAGMA synchronous=FULL");
}

Database Database::open_to_read(const std::filesystem::path& path) {
  return Database(path, SQLITE_OPEN_READONLY);
}

void Database::run(const char* statements) {
  if (sqlite3_exec(get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) fail(*this, "write");
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }
void Statement::Finish::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v2(database.get(), sql.data(), static_cast<int>(sql.size()), &handle,
                         nullptr) != SQLITE_OK)
    fail(database_, "read");
  handle_.reset(handle);
}

Statement& Statement::bind(int parameter, int64_t value) {
  if (sqlite3_bind_int64(handle_.get(), parameter, value) != SQLITE_OK) fail(database_, "bind");
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  if (sqlite3_bind_double(handle_.get(), parameter, value) != SQLITE_OK) fail(database_, "bind");
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
  if (sqlite3_bind_text(handle_.get(), parameter, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK)
    fail(database_, "bind");
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  if (sqlite3_bind_null(handle_.get(), parameter) != SQLITE_OK) fail(database_, "bind");
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result != SQLITE_ROW && result != SQLITE_DONE) fail(database_, "go on");
  return result == SQLITE_ROW;
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_.get(), column);
  if (text == nullptr) return "";
  return {reinterpret_cast<const char*>(text),
          static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Transaction::~Transaction() {
  // What failed before is on its way; SQLite rolls back by itself where this cannot.
  if (is_open_) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  is_open_ = false;
}

}  // namespace stoker::sweep
