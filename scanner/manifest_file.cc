#include "scanner/manifest_file.h"

#include <unistd.h>

#include "base/file_io.h"
#include "base/trust.h"

namespace repo {

Result<Manifest> load_manifest(const std::string& path) {
  constexpr std::size_t kLargest = std::size_t{1} << 30;
  Result<UniqueFd> file =
      path == "-" ? Result<UniqueFd>(UniqueFd(dup(STDIN_FILENO))) : open_trusted(path);
  if (!file) return file.error();
  const Result<std::string> text = read_to_end(file->get(), kLargest);
  if (!text) return system_error("read", path, text.error().code);
  Result<Manifest> manifest = read_manifest(*text);
  if (!manifest) return plain_error("use", path == "-" ? "" : path, manifest.error().message);
  return manifest;
}

}  // namespace repo
