#include "base/config_file.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/file_io.h"
#include "base/trust.h"

namespace repo {

Result<Config> load_config(const std::string& path, bool must_exist) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  const Result<UniqueFd> file = open_trusted(path);
  if (!file) {
    struct stat st = {};  // a link that leads nowhere is there, and somebody meant something by it
    const bool missing = file.error().code == ENOENT && lstat(path.c_str(), &st) != 0;
    if (missing && !must_exist) return Config();
    return file.error();
  }
  const Result<std::string> text = read_to_end(file->get(), kLargest);
  if (!text) return system_error("read", path, text.error().code);
  Result<Config> config = parse_config(*text);
  if (!config) return plain_error("use", path, config.error().message);
  return config;
}

}  // namespace repo
