// What a run says of the servers whose databases it dumps.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace repo {

struct ServerOptions {
  enum class Method { kDump, kBasebackup };
  Method method = Method::kDump;       // of clusters that run
  int jobs = 2;                        // of one dump
  std::chrono::seconds lock_wait{60};  // for a table that somebody has locked
  std::string role;                    // to connect as; empty: the name of the cluster's owner
  // Databases that need not be in a copy.
  struct Acknowledged {
    std::string database;
    std::string path;  // of the data directory; empty: of any cluster
  };
  std::vector<Acknowledged> acknowledged;

  bool is_acknowledged(const std::string& database, const std::string& path) const;
};

}  // namespace repo
