#include "reporter/secret.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/trust.h"

namespace repo {
namespace {

constexpr std::size_t kMostBytes = 4096;

Error refused(const std::string& path, std::string why) {
  return plain_error("read the secret", path, std::move(why));
}

Result<std::string> credential_path(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (!directory || *directory != '/') {
    return refused(name,
                   "a name without a slash is a systemd credential, and there are none here: give "
                   "the path of a file, or start this by a unit with LoadCredential=");
  }
  if (name.empty() || name == "." || name == "..") return refused(name, "no name of a credential");
  return join_path(directory, name);
}

}  // namespace

Result<std::string> read_secret(const std::string& path) {
  const bool is_credential = path.find('/') == std::string::npos;
  std::string where = path;
  if (is_credential) {
    Result<std::string> found = credential_path(path);
    if (!found) return found.error();
    where = *std::move(found);
  }
  auto check = [&](const struct stat& st) -> Status {
    if (!S_ISREG(st.st_mode)) return refused(where, "no regular file");
    constexpr mode_t kOfOthers = 077;
    if (is_credential || (st.st_mode & kOfOthers) == 0) return {};
    return refused(where, "others than its owner have permissions on it: chmod 600");
  };
  struct stat st = {};
  // Also before the open, which would wait for the writer of a FIFO.
  if (stat(where.c_str(), &st) != 0) return system_error("read the secret", where, errno);
  if (const Status good = check(st); !good) return good.error();
  const Result<UniqueFd> file = open_trusted(where);
  if (!file) return file.error();
  if (fstat(file->get(), &st) != 0) return system_error("read the secret", where, errno);
  if (const Status good = check(st); !good) return good.error();
  Result<std::string> text = read_to_end(file->get(), kMostBytes);
  if (!text) {
    if (text.error().code == EFBIG) return refused(where, "it is larger than 4 KiB");
    return system_error("read the secret", where, text.error().code);
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->empty()) return refused(where, "it is empty: write the secret into it, on one line");
  const bool odd = std::any_of(text->begin(), text->end(), [](char each) {
    const auto c = static_cast<unsigned char>(each);
    return c < 0x20 || c == 0x7F;
  });
  if (odd) return refused(where, "it must be one line without control characters");
  return text;
}

}  // namespace repo
