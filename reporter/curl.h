// libcurl, for the channels that need the network: one transfer, whose options come from them.
//
// Set for every transfer: no signals, no .netrc, certificates and names in them are verified with
// TLS 1.2 at least, a connection that is closed after it, and that it ends within about a second
// once a stop is requested. The library is initialised at the first create(), which must not
// happen while another thread runs.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

struct CurlOutcome {
  CURLcode code = CURLE_OK;
  long status = 0;      // of the server's last answer, 0 where there was none
  std::string reply;    // the last line with that status as the server sent it, printable
  std::string message;  // what libcurl says about a failure, printable
};

class CurlTransfer {
 public:
  static Result<CurlTransfer> create();

  // An option that takes a number, or a text, which is copied.
  void set(CURLoption option, long value);
  void set(CURLoption option, const std::string& value);
  // An option that takes a list.
  void set_list(CURLoption option, const std::vector<std::string>& values);
  // For the connection, and for everything.
  void set_timeouts(std::chrono::milliseconds connect, std::chrono::milliseconds all);
  // What an upload sends. The bytes stay the caller's, and must stay there.
  void set_upload(std::string_view bytes);

  // Once. What the server sends as content is dropped. Blocks.
  CurlOutcome perform();

 private:
  struct State;
  struct Free {
    void operator()(State* state) const;
  };
  CurlTransfer() = default;

  std::unique_ptr<State, Free> state_;
};

// Where a failure may not be met again: no connection, no name, a timeout, a connection that
// broke.
bool may_pass(CURLcode code);

// The name or address of a server, for a URL: nothing that could be another part of it. In square
// brackets where it is an IPv6 address. Nothing where it is none.
bool is_server_name(std::string_view name);
std::string server_in_url(const std::string& name);

}  // namespace repo
