#include "stoker/core/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker {
namespace {

// "warning: " and the like; nothing before an ordinary line.
class LevelPrefix : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string_view prefix = text(message.level);
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<LevelPrefix>();
  }

 private:
  static std::string_view text(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::warn:
        return "warning: ";
      case spdlog::level::err:
      case spdlog::level::critical:
        return "error: ";
      case spdlog::level::debug:
      case spdlog::level::trace:
        return "debug: ";
      default:
        return "";
    }
  }
};

// The message, which may quote names of files and classes.
class Message : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = shown_message({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<Message>();
  }
};

std::unique_ptr<spdlog::formatter> formatter(const std::string& pattern) {
  auto made = std::make_unique<spdlog::pattern_formatter>();
  made->add_flag<LevelPrefix>('*').add_flag<Message>('&').set_pattern(pattern);
  return made;
}

struct Log {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks;
  spdlog::sink_ptr file;
  std::unique_ptr<spdlog::logger> logger;

  Log() : sinks(std::make_shared<spdlog::sinks::dist_sink_mt>()) {
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
        plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
    terminal->set_formatter(formatter("%^%*%$%&"));
    sinks->add_sink(std::move(terminal));
    logger = std::make_unique<spdlog::logger>("stoker", sinks);
    logger->flush_on(spdlog::level::info);
    logger->set_error_handler([is_reported = false](const std::string& reason) mutable {
      // Past the logger, which would come here again. A full disk fails each line: once is enough.
      if (!std::exchange(is_reported, true)) {
        std::fputs(("warning: a line of the log is lost: " + reason + "\n").c_str(), stderr);
      }
    });
  }

  void replace_file(spdlog::sink_ptr sink) {
    const std::lock_guard lock(mutex);
    if (file) sinks->remove_sink(file);
    file = std::move(sink);
    if (file) sinks->add_sink(file);
  }
};

Log& instance() {
  static Log the_log;
  return the_log;
}

}  // namespace

spdlog::logger& log() { return *instance().logger; }

void add_log_file(const std::filesystem::path& path) {
  spdlog::sink_ptr sink;
  try {
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
  } catch (const spdlog::spdlog_ex& error) {
    throw FileError(fmt::format("{}: cannot write the log: {}", path.string(), error.what()));
  }
  sink->set_formatter(formatter("%Y-%m-%dT%H:%M:%S.%e%z %*%&"));
  instance().replace_file(std::move(sink));
}

void remove_log_file() { instance().replace_file(nullptr); }

}  // namespace stoker
