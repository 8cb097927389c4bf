#include "dumper/user_secrets.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file_io.h"
#include "base/trust.h"

namespace repo {

Result<UserSecrets> UserSecrets::open(const std::vector<UserSecret>& secrets) {
  UserSecrets opened;
  for (const UserSecret& each : secrets) {
    Result<UniqueFd> file = open_secret(each.file);
    if (!file) return file.error();
    opened.files_.emplace_back(each, *std::move(file));
  }
  return opened;
}

Status UserSecrets::add_to(Command& command) const {
  constexpr std::size_t kLargest = std::size_t{64} << 10;
  for (const auto& [secret, file] : files_) {
    if (lseek(file.get(), 0, SEEK_SET) != 0) return system_error("seek", secret.file, errno);
    if (secret.number) {
      command.handed.push_back({file.get(), *secret.number});
      continue;
    }
    Result<std::string> text = read_to_end(file.get(), kLargest);
    if (!text) return system_error("read", secret.file, text.error().code);
    command.files.push_back({secret.at, *std::move(text)});
  }
  return {};
}

}  // namespace repo
