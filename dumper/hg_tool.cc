#include "dumper/hg_tool.h"

#include "base/file_io.h"

namespace repo {

std::vector<std::pair<std::string, std::string>> hg_environment(const std::string& hgrc) {
  // Copies are data, never configuration: no hgrc of anybody is read.
  return {{"HGRCPATH", hgrc}, {"HGRCSKIPREPO", "1"}, {"HGPLAIN", "1"}};
}

std::vector<std::pair<std::string, std::string>> hg_config_for(int data) {
  // Layouts that plain Python can read, slowly; without these hg refuses them.
  std::vector<std::pair<std::string, std::string>> config = {
      {"storage.dirstate-v2.slow-path", "allow"},
      {"storage.revlog.persistent-nodemap.slow-path", "allow"}};
  constexpr std::size_t kSmall = std::size_t{1} << 20;
  std::string needed;
  for (const char* path : {".hg/requires", ".hg/store/requires"}) {
    const Result<std::string> text = read_small_file(data, path, kSmall);
    if (text) needed += "\n" + *text + "\n";
  }
  for (const std::string extension : {"largefiles", "lfs"}) {
    if (needed.find("\n" + extension + "\n") == std::string::npos) continue;
    config.emplace_back("extensions." + extension, "");
  }
  if (needed.find("\ntreemanifest\n") != std::string::npos) {  // else it cannot be cloned
    config.emplace_back("experimental.changegroup3", "yes");
  }
  return config;
}

}  // namespace repo
