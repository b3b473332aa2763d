// SQLite's C interface as values that close themselves; every call throws FileError with the file's
// name and SQLite's reason.
//
//   Database database("register.sqlite");
//   database.run("CREATE TABLE IF NOT EXISTS trials(id INTEGER PRIMARY KEY, name TEXT)");
//   Statement insert(database, "INSERT INTO trials VALUES(?, ?)");
//   insert.bind(1, int64_t{7}).bind(2, "a").step();
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace stoker::sweep {

// kDisk: beside readers, by a log that processes of one machine share. kNetwork: by a journal that
// is rolled back, for file systems that other machines mount too.
enum class JournalMode { kDisk, kNetwork };
JournalMode journal_mode_for(const std::filesystem::path& folder);

class Database {
 public:
  // Made where it is missing, unless it is only to be read.
  explicit Database(const std::filesystem::path& path, JournalMode mode = JournalMode::kDisk);
  static Database open_to_read(const std::filesystem::path& path);

  void run(const char* statements);
  const std::string& name() const { return name_; }
  sqlite3* get() const { return handle_.get(); }

 private:
  Database(const std::filesystem::path& path, int flags);

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string name_;
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  // Parameters count from 1, columns from 0.
  Statement& bind(int parameter, int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind(int parameter, std::string_view value);
  template <class T>
  Statement& bind(int parameter, const std::optional<T>& value) {
    return value ? bind(parameter, *value) : bind_null(parameter);
  }
  Statement& bind_null(int parameter);

  bool step();  // whether there is a row
  void reset();
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  struct Finish {
    void operator()(sqlite3_stmt* handle) const;
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finish> handle_;
};

// Everything between its construction and commit(), or nothing.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool is_open_ = true;
};

}  // namespace stoker::sweep
