// The servers in support/servers: processes of the test's, on a free port of loopback.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace repo::test {

// Runs support/servers/SCRIPT with `arguments`; from the constructor's end on it answers on port().
// It ends with the object, or with this process.
class Server {
 public:
  Server(const std::string& script, const std::vector<std::string>& arguments);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void start(const std::string& script, const std::vector<std::string>& arguments);

  pid_t pid_ = -1;
  UniqueFd stdin_;
  std::uint16_t port_ = 0;
};

// A port of loopback where nobody listens, as far as that can be known.
std::uint16_t closed_port();

// ca.pem, good.pem (localhost) and other.pem in `directory`; see servers/make_certificates.
void make_certificates(const std::string& directory);

}  // namespace repo::test
