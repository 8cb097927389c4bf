#include "dumper/damage.h"

#include <cerrno>

namespace repo {

Error reading_error(const std::string& path, int code) {
  if (code == ENOENT) return damage(path, "it is missing");
  if (code == ELOOP || code == ENOTDIR || code == EISDIR || code == EINVAL) {
    return damage(path, "something else is in its place");
  }
  const bool is_of_the_disk = code == EIO || code == EBADMSG || code == EUCLEAN || code == EFBIG;
  return system_error(is_of_the_disk ? kDamage : "read", path, code);
}

}  // namespace repo
