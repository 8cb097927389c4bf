#include "dumper/gone.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/publish.h"
#include "dumper/tree.h"

namespace repo {
namespace {

bool is_below_a_root(const std::string& path, const Manifest& manifest) {
  return std::any_of(manifest.roots.begin(), manifest.roots.end(),
                     [&](const std::string& root) { return is_within(path, root); });
}

bool is_pruned(const std::string& path, const Manifest& manifest) {
  return std::any_of(manifest.pruned.begin(), manifest.pruned.end(),
                     [&](const Pruned& pruned) { return is_within(path, pruned.path); });
}

// Found by a later scan, which alone can tell whether it is gone. (Two copies in one second have
// two seconds for names.)
bool is_newer(const GenerationSummary& copy, UtcTime scan) {
  return copy.generation > stamp(scan + std::chrono::minutes(1));
}

// Without following a link. A hint for people: it may change at any time.
bool is_directory(const std::string& path) {
  struct open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return static_cast<bool>(
      UniqueFd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))));
}

}  // namespace

Result<MissingSources> find_missing(int current, const Manifest& manifest) {
  MissingSources missing;
  if (!manifest.complete) return missing;
  std::set<std::pair<std::string, std::string>> found;
  for (const ManifestItem& item : manifest.items) found.insert({item.repository.kind, item.id});

  const Result<std::vector<std::string>> kinds = names_in(current);
  if (!kinds) return system_error("read", "current", kinds.error().code);
  for (const std::string& kind : *kinds) {
    const bool is_chosen =
        manifest.kinds.empty() ||
        std::find(manifest.kinds.begin(), manifest.kinds.end(), kind) != manifest.kinds.end();
    if (!is_chosen) continue;
    const Result<UniqueFd> folder = open_beneath(current, kind, O_RDONLY | O_DIRECTORY);
    if (!folder) continue;  // nothing of ours
    const Result<std::vector<std::string>> ids = names_in(folder->get());
    if (!ids) return system_error("read", "current/" + kind, ids.error().code);
    for (const std::string& id : *ids) {
      if (found.contains({kind, id})) continue;
      const std::optional<GenerationSummary> copy = current_generation(current, kind, id);
      if (!copy || copy->path.empty()) {
        // What has no record is nothing of ours.
        const std::string record = id + "/item.json";
        const bool is_copy =
            faccessat(folder->get(), record.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (is_copy) missing.unreadable.push_back(kind + "/" + id);
        continue;
      }
      if (!is_below_a_root(copy->path, manifest)) continue;
      if (manifest.finished && is_newer(*copy, *manifest.finished)) continue;
      // A kind of a user's may be defined no more, or for other places.
      const bool entered =
          looked_for(manifest, kind, copy->path) && !is_pruned(copy->path, manifest);
      (entered ? missing.gone : missing.not_looked_at)
          .push_back({id, kind, copy->path, copy->bytes, copy->generation,
                      entered && is_directory(copy->store)});
    }
  }
  return missing;
}

}  // namespace repo
