#include "stoker/fetch/http_fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <exception>
#include <memory>
#include <string_view>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/text.h"

namespace stoker::fetch {
namespace {

using Clock = std::chrono::steady_clock;

void initialize_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  STOKER_CHECK(code == CURLE_OK, "code={}", int(code));
}

// The first byte that "bytes 100-199/200" speaks of; -1 when it is not of that form.
int64_t range_begin(std::string_view value) {
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (!value.starts_with("bytes ")) return -1;
  value.remove_prefix(6);
  int64_t begin = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), begin);
  return error == std::errc() && end != value.data() + value.size() && *end == '-' ? begin : -1;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): reads no more than its length
         curl_strnequal(text.data(), start.data(), start.size()) != 0;
}

class Transfer {
 public:
  Transfer(const std::string& url, int64_t size_bytes, const DownloadOptions& options,
           PartFile& part, const std::function<void(double)>& on_progress);
  FetchResult run();

 private:
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static int on_tick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  template <class Option>
  void set(CURLoption name, Option value) {
    const CURLcode code = curl_easy_setopt(curl_.get(), name, value);
    STOKER_CHECK(code == CURLE_OK, "option {}: {}", int(name), curl_easy_strerror(code));
  }
  void set_protocols(const std::string& url);
  bool begin_body();
  bool take(Bytes bytes);
  bool tick();
  bool refuse(FetchOutcome outcome, std::string problem);
  long status() const;
  FetchResult judge(CURLcode code);
  FetchResult judge_status(long code);

  const int64_t size_bytes_;
  const DownloadOptions& options_;
  PartFile& part_;
  const std::function<void(double)>& on_progress_;
  const int64_t offset_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_{curl_easy_init(), curl_easy_cleanup};
  std::array<char, CURL_ERROR_SIZE> curl_message_{};
  int64_t range_begin_ = -1;
  bool body_began_ = false;
  int64_t received_ = 0;
  Clock::time_point began_ = Clock::now();
  Clock::time_point last_byte_ = Clock::now();
  Clock::time_point last_tick_{};
  FetchResult refusal_;           // outcome other than kComplete once we broke the transfer off
  std::exception_ptr exception_;  // of a callback, for it may not cross libcurl
};

Transfer::Transfer(const std::string& url, int64_t size_bytes, const DownloadOptions& options,
                   PartFile& part, const std::function<void(double)>& on_progress)
    : size_bytes_(size_bytes),
      options_(options),
      part_(part),
      on_progress_(on_progress),
      offset_(part.size_bytes()) {
  STOKER_CHECK(curl_ != nullptr, "curl_easy_init failed");
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, curl_message_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "stoker");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, long(options.connect_timeout_s * 1000));
  set(CURLOPT_LOW_SPEED_LIMIT, long(options.stall_bytes_per_s));
  set(CURLOPT_LOW_SPEED_TIME, std::max(1L, long(std::ceil(options.stall_timeout_s))));
  set_protocols(url);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_tick);
  set(CURLOPT_XFERINFODATA, this);
  if (offset_ > 0) set(CURLOPT_RANGE, fmt::format("{}-", offset_).c_str());
}

// What begins encrypted stays encrypted through every redirect.
void Transfer::set_protocols(const std::string& url) {
  const bool secure = starts_with_ignoring_case(url, "https:");
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
  set(CURLOPT_PROTOCOLS, long(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  set(CURLOPT_REDIR_PROTOCOLS, long(secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

size_t Transfer::on_header(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  constexpr std::string_view kRange = "content-range:";
  if (line.starts_with("HTTP/")) transfer.range_begin_ = -1;  // a redirect was followed
  if (starts_with_ignoring_case(line, kRange))
    transfer.range_begin_ = range_begin(line.substr(kRange.size()));
  return line.size();
}

size_t Transfer::on_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.take(as_bytes({data, size * count})) ? size * count : 0;
  } catch (...) {
    transfer.exception_ = std::current_exception();  // rethrown by run()
    return 0;
  }
}

int Transfer::on_tick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.tick() ? 0 : 1;
  } catch (...) {
    transfer.exception_ = std::current_exception();  // rethrown by run()
    return 1;
  }
}

// False to break the transfer off.
bool Transfer::tick() {
  if (interrupt_signal() != 0)
    throw Interrupted(
        fmt::format("Interrupted: {} has arrived and lies in {}. The same command goes "
                    "on from there.",
                    human_bytes(uint64_t(part_.size_bytes())), part_.path().string()));
  const auto now = Clock::now();
  // libcurl's own rate is a mean over seconds; silence shows sooner.
  if (std::chrono::duration<double>(now - last_byte_).count() > options_.stall_timeout_s)
    return refuse(FetchOutcome::kTryAgain,
                  fmt::format("it stalled at {}", human_bytes(uint64_t(part_.size_bytes()))));
  if (!on_progress_ || now - last_tick_ < std::chrono::milliseconds(100)) return true;
  last_tick_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - began_).count();
  on_progress_(elapsed_s > 0 ? double(received_) / elapsed_s : 0);
  return true;
}

long Transfer::status() const {
  long code = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

bool Transfer::refuse(FetchOutcome outcome, std::string problem) {
  refusal_ = {outcome, std::move(problem)};
  return false;
}

// Settles where the body belongs. False when it belongs nowhere.
bool Transfer::begin_body() {
  body_began_ = true;
  const long code = status();
  if (code == 206 && range_begin_ != offset_) {
    part_.clear();
    return refuse(FetchOutcome::kTryAgain, "it sent another part of the file than was asked for");
  }
  if (code != 206 && code != 200)
    return refuse(FetchOutcome::kHopeless, fmt::format("it answered with status {}", code));
  if (code == 200 && offset_ > 0) part_.clear();  // the server ignores ranges
  curl_off_t announced = -1;
  curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (size_bytes_ > 0 && announced >= 0 && part_.size_bytes() + announced != size_bytes_) {
    const int64_t size = part_.size_bytes() + announced;
    return refuse(FetchOutcome::kHopeless,
                  fmt::format("its file has {} bytes, not {}", size, size_bytes_));
  }
  return true;
}

bool Transfer::take(Bytes bytes) {
  if (!body_began_ && !begin_body()) return false;
  if (size_bytes_ > 0 && part_.size_bytes() + int64_t(bytes.size()) > size_bytes_) {
    part_.clear();
    return refuse(FetchOutcome::kHopeless,
                  fmt::format("it sent more than the {} bytes of the file", size_bytes_));
  }
  part_.append(bytes);
  received_ += int64_t(bytes.size());
  last_byte_ = Clock::now();
  return true;
}

FetchResult Transfer::judge_status(long code) {
  if (code == 416 && offset_ > 0) {  // our part is no part of what it has
    part_.clear();
    return {FetchOutcome::kTryAgain, "it does not have the rest of the part that lies here"};
  }
  const bool busy = code == 408 || code == 429 || code >= 500;
  return {busy ? FetchOutcome::kTryAgain : FetchOutcome::kHopeless,
          fmt::format("it answered with status {}{}", code, code == 404 ? " (not found)" : "")};
}

FetchResult Transfer::judge(CURLcode code) {
  if (refusal_.outcome != FetchOutcome::kComplete) return refusal_;
  const std::string_view detail(curl_message_.data());
  switch (code) {
    case CURLE_OK:
      return {};
    case CURLE_HTTP_RETURNED_ERROR:
      return judge_status(status());
    case CURLE_OPERATION_TIMEDOUT:
      return {
          FetchOutcome::kTryAgain,
          fmt::format("it stalled at {} ({})", human_bytes(uint64_t(part_.size_bytes())), detail)};
    case CURLE_PARTIAL_FILE:
      return {FetchOutcome::kTryAgain,
              fmt::format("it broke off at {}", human_bytes(uint64_t(part_.size_bytes())))};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {FetchOutcome::kHopeless,
              std::string(detail.empty() ? curl_easy_strerror(code) : detail)};
    default:
      return {FetchOutcome::kTryAgain,
              std::string(detail.empty() ? curl_easy_strerror(code) : detail)};
  }
}

FetchResult Transfer::run() {
  const CURLcode code = curl_easy_perform(curl_.get());
  if (exception_) std::rethrow_exception(exception_);
  return judge(code);
}

}  // namespace

FetchResult fetch(const std::string& url, int64_t size_bytes, const DownloadOptions& options,
                  PartFile& part, const std::function<void(double)>& on_progress) {
  initialize_curl();
  return Transfer(url, size_bytes, options, part, on_progress).run();
}

}  // namespace stoker::fetch
