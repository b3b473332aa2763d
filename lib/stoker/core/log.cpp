#include "stoker/core/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/terminal.h"

namespace stoker {
namespace {

// "warning: " and the like; nothing before an ordinary line.
class LevelPrefix : public spdlog::custom_flag_formatter {
 public:
  explicit LevelPrefix(bool has_colors) : has_colors_(has_colors) {}
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    std::string prefix(text(message.level));
    if (has_colors_ && message.level == spdlog::level::warn) {
      prefix = styled(Style::kYellow, prefix);
    }
    if (has_colors_ && message.level >= spdlog::level::err) prefix = styled(Style::kRed, prefix);
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<LevelPrefix>(has_colors_);
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

  bool has_colors_;
};

// The message, which may quote names of files and classes, with what stands between dim_name()'s
// marks dim or as the rest.
class Message : public spdlog::custom_flag_formatter {
 public:
  explicit Message(bool has_colors) : has_colors_(has_colors) {}
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    std::string_view rest(message.payload.data(), message.payload.size());
    const auto append = [&](std::string_view raw) {
      const std::string text = shown_message(raw);
      line.append(text.data(), text.data() + text.size());
    };
    while (!rest.empty()) {
      const size_t begin = rest.find(kDimBegin), end = rest.find(kDimEnd);
      append(rest.substr(0, begin));
      if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        append(rest.substr(std::min(begin, rest.size())));
        return;
      }
      const std::string_view name = rest.substr(begin + 1, end - begin - 1);
      append_name(name, line);
      rest.remove_prefix(end + 1);
    }
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<Message>(has_colors_);
  }

 private:
  void append_name(std::string_view name, spdlog::memory_buf_t& line) const {
    const std::string plain = shown_message(name);
    const std::string text = has_colors_ ? styled(Style::kDim, plain) : plain;
    line.append(text.data(), text.data() + text.size());
  }

  bool has_colors_;
};

std::unique_ptr<spdlog::formatter> formatter(const std::string& pattern, bool has_colors) {
  auto made = std::make_unique<spdlog::pattern_formatter>();
  made->add_flag<LevelPrefix>('*', has_colors).add_flag<Message>('&', has_colors);
  made->set_pattern(pattern);
  return made;
}

// Above the line that shows progress.
class TerminalSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_above_line({line.data(), line.size()});
  }
  void flush_() override {}
};

struct Log {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks;
  spdlog::sink_ptr terminal, file;
  std::unique_ptr<spdlog::logger> logger;

  Log() : sinks(std::make_shared<spdlog::sinks::dist_sink_mt>()) {
    terminal = std::make_shared<TerminalSink>();
    terminal->set_formatter(formatter("%*%&", has_colors(STDERR_FILENO)));
    sinks->add_sink(terminal);
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
  sink->set_formatter(formatter("%Y-%m-%dT%H:%M:%S.%e%z %*%&", /*has_colors=*/false));
  instance().replace_file(std::move(sink));
}

void quiet_log() { instance().terminal->set_level(spdlog::level::warn); }

void remove_log_file() { instance().replace_file(nullptr); }

}  // namespace stoker
