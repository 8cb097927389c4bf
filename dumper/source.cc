#include "dumper/source.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "scanner/probe.h"
#include "scanner/user_probe.h"

namespace repo {

namespace {

std::optional<ProbeResult> probe(const Repository& source, const UserKind* user_kind, int fd) {
  const std::unique_ptr<Directory> directory = borrow_directory(fd);
  if (user_kind) return probe_user_kind(*directory, user_kind->signature);
  const std::optional<std::string> inside = store_inside(source);
  return inside ? probe_kind(source.kind, *inside, *directory) : std::nullopt;
}

}  // namespace

Result<UniqueFd> open_source(const Repository& source, const UserKind* user_kind) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, source.path.c_str(), &how, sizeof how)));
  if (!fd) {
    Error error = system_error("open", source.path, errno);
    if (error.code == ELOOP) error.message = "a part of the path has become a symbolic link";
    return error;
  }
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return system_error("stat", source.path, errno);
  if (st.st_ino != source.inode || st.st_dev != source.device || st.st_uid != source.uid) {
    return plain_error("copy", source.path,
                       "not the directory that was scanned (another inode, device or owner): "
                       "scan again");
  }
  const std::optional<ProbeResult> probed = probe(source, user_kind, fd.get());
  if (probed && probed->aside) {
    return plain_error("copy", source.path, "now a " + probed->aside->why + ": scan again");
  }
  if (!probed || (!probed->detail && !probed->error)) {
    return plain_error("copy", source.path, "no " + source.kind + " repository any more");
  }
  if (probed->error) return in_source(*probed->error, source);
  return fd;
}

Result<Survey> survey_item(const PlanItem& item, const Dumper& dumper, const Patience& patience) {
  const Result<UniqueFd> source = open_source(item.source, dumper.user_kind());
  if (!source) return source.error();
  Survey survey;
  // The manifest may say anything: only what is a repository now is left out of this copy.
  const std::size_t cut = item.source.path == "/" ? 1 : item.source.path.size() + 1;
  for (const Repository& each : item.nested) {
    if (auto error = out_of_patience(patience)) return in_source(*error, item.source);
    if (open_source(each)) survey.nested.push_back(each.store.substr(cut));
  }
  DumpJob job;
  job.source = item.source;
  job.source_fd = source->get();
  job.nested = survey.nested;
  job.patience = patience;
  Result<TreeLook> look = dumper.look(job, [&](const TreeEntry& entry) {
    constexpr std::uint64_t kBlock = 512;
    ++survey.entries;
    if (entry.is_file() && dumper.is_immutable(entry.path)) {
      ++survey.immutable_files;
      survey.immutable_bytes += static_cast<std::uint64_t>(entry.st.st_blocks) * kBlock;
    }
  });
  if (!look) return in_source(look.error(), item.source);
  survey.look = *std::move(look);
  return survey;
}

Error in_source(Error error, const Repository& source) {
  if (error.path.empty()) {
    error.path = source.path;
  } else if (error.path[0] != '/') {
    error.path = source.path + "/" + error.path;
  }
  return error;
}

}  // namespace repo
