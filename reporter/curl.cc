#include "reporter/curl.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes_path.h"
#include "base/stop_signal.h"

namespace repo {

struct CurlTransfer::State {
  CURL* handle = nullptr;
  std::vector<curl_slist*> lists;
  std::array<char, CURL_ERROR_SIZE> message{};
  std::string_view upload;
  std::size_t uploaded = 0;
  std::vector<std::string> replies;  // the last lines
  std::chrono::milliseconds patience = std::chrono::hours(1);
  std::chrono::steady_clock::time_point deadline;

  ~State() {
    curl_easy_cleanup(handle);
    for (curl_slist* list : lists) curl_slist_free_all(list);
  }
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Called by libcurl; `self` is the State.
  static std::size_t on_header(char* bytes, std::size_t, std::size_t length, void* self);
  static std::size_t on_upload(char* to, std::size_t, std::size_t room, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
};

namespace {

std::size_t drop_content(char*, std::size_t, std::size_t length, void*) { return length; }

std::string reply_with(const std::vector<std::string>& replies, long status) {
  const std::string number = std::to_string(status);
  const auto found = std::find_if(replies.rbegin(), replies.rend(), [&](const std::string& line) {
    return line.starts_with(number);
  });
  return found == replies.rend() ? "" : *found;
}

}  // namespace

std::size_t CurlTransfer::State::on_header(char* bytes, std::size_t, std::size_t length,
                                           void* self) {
  constexpr std::size_t kLongest = 400;
  constexpr std::size_t kMost = 64;
  std::string_view line(bytes, length);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string>& replies = static_cast<State*>(self)->replies;
  if (replies.size() == kMost) replies.erase(replies.begin());
  replies.push_back(printable(line.substr(0, kLongest)));
  return length;
}

std::size_t CurlTransfer::State::on_upload(char* to, std::size_t, std::size_t room, void* self) {
  auto* state = static_cast<State*>(self);
  const std::string_view rest = state->upload.substr(state->uploaded);
  const std::size_t length = std::min(room, rest.size());
  std::memcpy(to, rest.data(), length);
  state->uploaded += length;
  return length;
}

int CurlTransfer::State::on_seek(void* self, curl_off_t offset, int origin) {
  auto* state = static_cast<State*>(self);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  state->uploaded = std::min(static_cast<std::size_t>(offset), state->upload.size());
  return CURL_SEEKFUNC_OK;
}

// Called once a second, also while the farewell of a server is waited for, which no timeout of
// libcurl's bounds together with the rest.
int CurlTransfer::State::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const bool overdue = std::chrono::steady_clock::now() > static_cast<State*>(self)->deadline;
  return overdue || stop_requested() != 0 ? 1 : 0;
}

void CurlTransfer::Free::operator()(State* state) const { delete state; }

Result<CurlTransfer> CurlTransfer::create() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlTransfer transfer;
  transfer.state_.reset(new State);
  State* state = transfer.state_.get();
  state->handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (!state->handle) return plain_error("start", "libcurl", curl_easy_strerror(CURLE_FAILED_INIT));
  CURL* handle = state->handle;
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, state->message.data());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs is not waited for
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, State::on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, state);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop_content);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, State::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, state);
  return transfer;
}

void CurlTransfer::set(CURLoption option, long value) {
  curl_easy_setopt(state_->handle, option, value);
}

void CurlTransfer::set(CURLoption option, const std::string& value) {
  curl_easy_setopt(state_->handle, option, value.c_str());
}

void CurlTransfer::set_list(CURLoption option, const std::vector<std::string>& values) {
  curl_slist* list = nullptr;
  for (const std::string& value : values) list = curl_slist_append(list, value.c_str());
  state_->lists.push_back(list);
  curl_easy_setopt(state_->handle, option, list);
}

void CurlTransfer::set_timeouts(std::chrono::milliseconds connect, std::chrono::milliseconds all) {
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(all.count()));
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(all).count()));
  state_->patience = all;
}

void CurlTransfer::set_upload(std::string_view bytes) {
  state_->upload = bytes;
  CURL* handle = state_->handle;
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, State::on_upload);
  curl_easy_setopt(handle, CURLOPT_READDATA, state_.get());
  curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, State::on_seek);
  curl_easy_setopt(handle, CURLOPT_SEEKDATA, state_.get());
}

CurlOutcome CurlTransfer::perform() {
  CurlOutcome outcome;
  constexpr std::chrono::milliseconds kAfterTheTimeout{200};  // which gives the better words
  state_->deadline = std::chrono::steady_clock::now() + state_->patience + kAfterTheTimeout;
  outcome.code = curl_easy_perform(state_->handle);
  curl_easy_getinfo(state_->handle, CURLINFO_RESPONSE_CODE, &outcome.status);
  outcome.reply = reply_with(state_->replies, outcome.status);
  if (outcome.code == CURLE_OK) return outcome;
  const bool has_words = state_->message[0] != '\0';
  outcome.message =
      printable(has_words ? state_->message.data() : curl_easy_strerror(outcome.code));
  if (outcome.code == CURLE_ABORTED_BY_CALLBACK) {
    outcome.message = stop_requested() != 0 ? "stopped" : "timeout";
  }
  return outcome;
}

bool may_pass(CURLcode code) {
  constexpr std::array kPassing = {
      CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,   CURLE_OPERATION_TIMEDOUT,
      CURLE_SEND_ERROR,           CURLE_RECV_ERROR,        CURLE_GOT_NOTHING,
      CURLE_PARTIAL_FILE,         CURLE_SSL_CONNECT_ERROR, CURLE_WEIRD_SERVER_REPLY};
  return std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end();
}

bool is_server_name(std::string_view name) {
  constexpr std::size_t kLongest = 253;
  if (name.empty() || name.size() > kLongest || name.front() == '-' || name.front() == '.') {
    return false;
  }
  const bool is_ipv6 = std::count(name.begin(), name.end(), ':') >= 2;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) return true;
    if (is_ipv6) return c == ':' || c == '.';
    return (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '.' || c == '-' || c == '_';
  });
}

std::string server_in_url(const std::string& name) {
  return name.find(':') == std::string::npos ? name : '[' + name + ']';
}

}  // namespace repo
