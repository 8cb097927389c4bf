#include "dumper/server_options.h"

#include <algorithm>

namespace repo {

bool ServerOptions::is_acknowledged(const std::string& database, const std::string& path) const {
  return std::any_of(acknowledged.begin(), acknowledged.end(), [&](const Acknowledged& each) {
    return each.database == database && (each.path.empty() || each.path == path);
  });
}

}  // namespace repo
