#include "scanner/scan_progress.h"

#include <fmt/format.h>

#include "base/bytes_path.h"

namespace repo {

void ScanProgress::see(std::uint64_t directories, std::uint64_t repositories,
                       const std::string& path) {
  line_.show([&](std::size_t columns) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const std::string counts =
        fmt::format("{} directories, {:.0f}/s, {} repositories  ", directories,
                    static_cast<double>(directories) / seconds, repositories);
    const std::size_t left = columns > counts.size() ? columns - counts.size() : 0;
    return counts + shortened(printable(path), left);
  });
}

}  // namespace repo
