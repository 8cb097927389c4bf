#include "dumper/svn_bdb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/file_io.h"
#include "base/number.h"
#include "base/text.h"
#include "dumper/hand_over.h"
#include "dumper/svn_copy.h"
#include "dumper/svn_layout.h"
#include "dumper/tree_copier.h"
#include "scanner/probe.h"

namespace repo {
namespace {

bool is_in_db(const std::string& path) { return path == "db" || path.starts_with("db/"); }
bool is_region(const std::string& path) { return svn_part(path) == SvnPart::kLeftOut; }
bool is_log(const std::string& path) { return path.starts_with("db/log."); }

// Everything beside the database, but for locks/, whose files are written to by whoever opens it.
Skip beside_the_database(const Skip& nested) {
  return [nested](const std::string& path) {
    return is_in_db(path) || path == "locks" || path.starts_with("locks/") ||
           (nested && nested(path));
  };
}

Result<Detail> fingerprint_without_tool(int repository, const Skip& nested,
                                        const Patience& patience) {
  Result<Detail> detail = svn_detail(repository);
  if (!detail) return detail;
  Result<std::string> digest =
      digest_tree({repository, std::nullopt}, beside_the_database(nested), patience);
  if (!digest) return digest.error();
  detail->emplace_back("state_sha256", *std::move(digest));
  return detail;
}

Result<std::vector<std::string>> logs_of(int repository) {
  const Result<UniqueFd> db = open_beneath(repository, "db", O_RDONLY | O_DIRECTORY);
  if (!db) return db.error();
  Result<std::vector<std::string>> names = names_in(db->get());
  if (names) std::erase_if(*names, [](const std::string& name) { return !is_log("db/" + name); });
  return names;
}

// One word that a tool prints about the repository.
Result<std::string> ask(const CommandRunner& runner, Command command, const std::string& what) {
  command.argv = {"svnlook", what, "/staging"};
  const CommandResult result = runner.run(command);
  if (!result.ok()) return tool_error("svnlook " + what, result);
  return first_line(result.out);
}

Status remove_regions(int data) {
  const Result<UniqueFd> db = open_beneath(data, "db", O_RDONLY | O_DIRECTORY);
  if (!db) return db.error();
  const Result<std::vector<std::string>> names = names_in(db->get());
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!is_region("db/" + name)) continue;
    if (Status removed = remove_tree(db->get(), name); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<CopyFacts> copy_svn_bdb(const DumpJob& job) {
  const TreeSource source{job.source_fd, std::nullopt};
  const Skip nested = job.skip_nested("");
  const Result<Detail> before = fingerprint_without_tool(job.source_fd, nested, job.patience);
  if (!before) return before.error();
  if (Status fit = check_svn_source(job); !fit) return fit.error();
  const Result<std::vector<std::string>> logs = logs_of(job.source_fd);
  if (!logs) return logs.error();

  if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
  const Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return data.error();
  CopyOptions options;
  options.patience = job.patience;
  options.skip = [&nested](const std::string& path) {
    return is_region(path) || is_log(path) || nested(path);
  };
  Result<TreeLook> copied = copy_tree(source, data->get(), options);
  if (!copied) return copied.error();
  options.skip = [](const std::string& path) {
    return !path.empty() && path != "db" && !is_log(path);
  };
  copied = copy_tree(source, data->get(), options);
  if (!copied) return copied.error();

  const Result<std::vector<std::string>> then = logs_of(job.source_fd);
  if (!then) return then.error();
  const Result<std::vector<std::string>> have = logs_of(data->get());
  if (!have) return have.error();
  const bool all = std::includes(then->begin(), then->end(), logs->begin(), logs->end()) &&
                   std::includes(have->begin(), have->end(), logs->begin(), logs->end());
  if (!all) return busy("", "a log was removed while the database was copied");
  const Result<Detail> after = fingerprint_without_tool(job.source_fd, nested, job.patience);
  if (!after) return after.error();
  if (*after != *before) return busy("", "its hooks or configuration changed");
  CopyFacts facts;
  facts.fingerprint = *before;
  facts.notes.emplace_back(
      "in Berkeley DB, which is read by the same version alone: load it into an FSFS repository");
  return facts;
}

Status verify_svn_bdb(const DumpJob& job, int data, CopyFacts& facts, const CommandRunner& runner) {
  for (const char* name : {"db", "locks"}) {
    const Result<UniqueFd> folder = open_beneath(data, name, O_RDONLY | O_DIRECTORY);
    if (!folder) return system_error("open", name, folder.error().code);
    if (Status given = hand_over(folder->get(), {job.uid, job.uid}, job.patience); !given)
      return given;
  }
  Command command;
  command.uid = job.uid;
  command.patience = job.patience;
  command.binds = {{data, "/staging", true}};
  command.reads_any_file = true;
  const Result<TreeLook> look = look_at_tree({data, std::nullopt}, Skip(), job.patience);
  if (!look) return look.error();
  command.max_file_size = enough_for_a_file(*look);
  for (const std::vector<std::string>& argv :
       {std::vector<std::string>{"svnadmin", "recover", "/staging"},
        std::vector<std::string>{"svnadmin", "verify", "-q", "/staging"}}) {
    command.argv = argv;
    const CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error(argv[0] + " " + argv[1], result);
  }
  const Result<std::string> uuid = ask(runner, command, "uuid");
  if (!uuid) return uuid.error();
  const Result<std::string> youngest = ask(runner, command, "youngest");
  if (!youngest) return youngest.error();
  const auto revision = to_number<std::uint64_t>(*youngest);
  if (!revision) return plain_error("run svnlook youngest", "", "it printed no revision");
  if (Status removed = remove_regions(data); !removed) return removed;

  const Result<Detail> copied = fingerprint_without_tool(data, Skip(), job.patience);
  if (!copied) return copied.error();
  if (*copied != facts.fingerprint) {
    return other_fingerprint();
  }
  facts.fingerprint.emplace_back("uuid", *uuid);
  facts.fingerprint.emplace_back("revision", *revision);
  return {};
}

}  // namespace repo
