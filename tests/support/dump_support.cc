#include "tests/support/dump_support.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>

#include "base/stop_signal.h"
#include "dumper/dump_run.h"
#include "dumper/item_result.h"
#include "dumper/publish.h"
#include "dumper/record.h"
#include "dumper/sandbox.h"
#include "scanner/item_id.h"
#include "scanner/probe.h"
#include "scanner/scan.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo::test {

Result<DumpRoot> open_root(const std::string& path) {
  Result<TargetLook> look = look_at_target(path);
  if (!look) return look.error();
  return open_dump_root(*look);
}

Repository source_at(const std::string& kind, const std::string& path) {
  const struct stat st = lstat_of(path);
  Repository source;
  source.kind = kind;
  source.path = path;
  source.store = path;
  if (kind != "svn" && exists(path + "/." + kind)) source.store += "/." + kind;
  source.device = st.st_dev;
  source.inode = st.st_ino;
  source.uid = st.st_uid;
  source.gid = st.st_gid;
  source.mode = st.st_mode & 07777;
  return source;
}

PlanItem item_at(const std::string& kind, const std::string& path) {
  return {make_item_id(path), source_at(kind, path), std::nullopt, {}, nullptr};
}

ItemContext context_of(const DumpRoot& root, const CommandRunner& runner) {
  constexpr std::chrono::seconds kLong{120};
  return {root,  runner, "testhost", "1.0", kFirstSandboxUid, 2,      kLong, kLong, std::nullopt,
          false, "",     Reuse(),    false, nullptr,          nullptr};
}

ItemResult dump_once(const PlanItem& item, const Dumper& dumper, const ItemContext& context) {
  const Patience patience{std::chrono::steady_clock::now() + context.max_time, context.stall};
  const Result<Survey> survey = survey_item(item, dumper, patience);
  if (!survey) return failed_item(item, survey.error());
  return dump_item(item, *survey, dumper, context);
}

ItemResult dump_next(const PlanItem& item, const Dumper& dumper, ItemContext context, UtcTime now,
                     const ReusePolicy& policy) {
  const Patience patience{std::chrono::steady_clock::now() + context.max_time, context.stall};
  const Result<Survey> survey = survey_item(item, dumper, patience);
  if (!survey) return failed_item(item, survey.error());
  context.previous = current_generation(context.root.current.get(), item.source.kind, item.id);
  if (context.previous) {
    const UniqueFd generation = open_folder(current_of(context.root, item));
    const Result<TreeLook> look = look_at_generation(generation.get(), patience);
    context.reuse = what_to_reuse(*context.previous, survey->look,
                                  look ? look->digest : std::string(), policy, now);
    if (context.reuse.unchanged) return unchanged_item(item, *context.previous);
  }
  return dump_item(item, *survey, dumper, context);
}

std::string current_of(const DumpRoot& root, const PlanItem& item) {
  return root.path + "/current/" + item.source.kind + "/" + item.id;
}

std::string older_of(const DumpRoot& root, const PlanItem& item) {
  return root.path + "/older/" + item.source.kind + "/" + item.id;
}

void make_generation(const std::string& path, const std::string& generation,
                     const std::string& content, std::uint64_t bytes, std::uint64_t shared) {
  ItemRecord record;
  record.id = "made-by-hand";
  record.source.kind = "svn";
  record.generation = generation;
  record.totals.bytes = bytes;
  record.totals.shared = shared;
  write_file(path + "/data/file", content);
  write_file(path + "/SHA256SUMS", "");
  write_file(path + "/owners", "");
  write_file(path + "/item.json", write_item_record(record));
}

std::vector<std::string> staged_in(const DumpRoot& root) {
  std::vector<std::string> names = names_in(root.path + "/control/staging");
  std::erase(names, "CACHEDIR.TAG");
  return names;
}

void make_svn_skeleton(const std::string& path) {
  write_file(path + "/format", "5\n");
  write_file(path + "/README.txt", "read me\n");
  write_file(path + "/db/fs-type", "fsfs\n");
  write_file(path + "/db/format", "8\nlayout sharded 1000\n");
  write_file(path + "/db/uuid", "aaaaaaaa-0000-4000-8000-000000000001\n");
  write_file(path + "/db/current", "7\n");
  write_file(path + "/db/revs/0/7", "not a revision\n");
  write_file(path + "/conf/passwd", "secret\n");
  write_file(path + "/hooks/post-commit", "#!/bin/sh\n");
  set_mode(path + "/hooks/post-commit", 0755);
}

void make_hg_skeleton(const std::string& path) {
  write_file(path + "/.hg/requires", "share-safe\n");
  write_file(path + "/.hg/store/requires", "store\n");
  write_file(path + "/.hg/store/data/file.i", "not a revlog\n");
  write_file(path + "/.hg/bookmarks", "");
}

namespace {

// `body` writes to the two streams; its value is the exit status.
Ran in_own_process(const std::function<int(std::FILE* out, std::FILE* err)>& body) {
  const TempDir output;
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    std::FILE* out = std::fopen((output / "out").c_str(), "w");
    std::FILE* err = std::fopen((output / "err").c_str(), "w");
    const int status = out && err ? body(out, err) : 99;
    std::fflush(nullptr);
    _exit(status);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_file(output / "out"), read_file(output / "err")};
}

}  // namespace

Ran dump(const DumpOptions& options) {
  return in_own_process([&](std::FILE* out, std::FILE* err) {
    umask(077);
    install_stop_signals();
    return run_dump(options, out, err);
  });
}

Ran scan(const ScanOptions& options) {
  return in_own_process(
      [&](std::FILE* out, std::FILE* err) { return run_scan(options, out, err); });
}

DumpOptions dump_options(const std::string& manifest, const std::string& to) {
  DumpOptions options;
  options.manifest = manifest;
  options.to = to;
  options.jobs = 2;
  options.timeout = std::chrono::seconds(60);
  options.max_time = std::chrono::seconds(120);
  options.full_every = std::chrono::hours(24 * 30);
  options.verify_all_every = std::chrono::hours(24 * 7);
  return options;
}

void must_scan(const std::string& root, const std::string& manifest) {
  ScanOptions options;
  options.roots = {root};
  options.output = manifest;
  options.jobs = 2;
  const Ran ran = scan(options);
  ASSERT_EQ(ran.status, 0) << ran.err;
}

}  // namespace repo::test
