#include "restorer/postgres_restore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/unique_fd.h"
#include "dumper/damage.h"
#include "dumper/hand_over.h"
#include "dumper/sandbox.h"
#include "dumper/tree.h"
#include "restorer/drill_script.h"
#include "restorer/drill_scripts.h"
#include "restorer/postgres_globals.h"
#include "restorer/postgres_read.h"

namespace repo {
namespace {

constexpr const char* kCluster = "cluster";
constexpr const char* kLinks = "pg_tblspc";
constexpr const char* kTablespaces = "tablespaces";

// What the sandbox's user has made becomes the owner's.
class Giving final : public TreeVisitor {
 public:
  Giving(uid_t uid, gid_t gid) : uid_(uid), gid_(gid) {}

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    const bool is_file = entry.is_file() && entry.st.st_nlink == 1;
    if (!entry.is_directory() && !is_file) {
      return unusable("what was made of it has in it what no server makes: " +
                      printable(entry.path));
    }
    const int at = entry.path.empty() ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    if (geteuid() == 0 && fchownat(parent, name.c_str(), uid_, gid_, at) != 0) {
      return system_error("change the owner", entry.path, errno);
    }
    const mode_t mode = entry.is_directory() ? 0700 : 0600;
    const int done =
        entry.path.empty() ? fchmod(parent, mode) : fchmodat(parent, name.c_str(), mode, 0);
    if (done != 0) return system_error("change the mode", entry.path, errno);
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  const uid_t uid_;
  const gid_t gid_;
};

class Restoring {
 public:
  Restoring(const PostgresRestore& job, int data, const PostgresCopy& copy)
      : job_(job), data_(data), copy_(copy) {}

  Result<RestoredPostgres> of_dump() {
    const Result<std::string> text = read_small_file(data_, "globals.sql", kMostOfGlobals);
    if (!text) return text.error();
    const Result<Globals> globals = read_globals(*text, {copy_.superuser, true});
    if (!globals) return unusable("globals.sql: " + describe(globals.error()));
    Result<std::vector<std::string>> told = load(*globals);
    if (!told) return told.error();
    const UniqueFd cluster = open_directory(job_.folder, kCluster);
    if (!cluster) return system_error("open", kCluster, errno);
    if (Status given = give(cluster.get()); !given) return given.error();
    std::vector<std::string> notes = {
        "its configuration is a new one: the old postgresql.conf, pg_hba.conf and what else lay "
        "there "
        "are in restored-files and restored-configuration of the data directory, and not used"};
    notes.insert(notes.end(), told->begin(), told->end());
    for (const auto& [from, to] :
         {std::pair{"files", "restored-files"}, {"configuration", "restored-configuration"}}) {
      if (Status kept = keep_aside(cluster.get(), from, to); !kept) return kept.error();
    }
    for (const Tablespace& each : globals->tablespaces) {
      notes.push_back(moved(each.name, each.location));
    }
    const UniqueFd links = open_directory(cluster.get(), kLinks);
    if (!links) return system_error("open", kLinks, errno);
    const Result<std::vector<std::string>> names = names_in(links.get());
    if (!names) return names.error();
    for (const std::string& name : *names) {
      Status brought = bring_in(cluster.get(), links.get(), links.get(), name);
      if (!brought) return brought.error();
    }
    return RestoredPostgres{kCluster, std::move(notes)};
  }

  Result<RestoredPostgres> of_files() {
    const UniqueFd pgdata = open_directory(data_, "pgdata");
    const UniqueFd links = pgdata ? open_directory(pgdata.get(), kLinks) : UniqueFd();
    if (!links) return damage("data/pgdata/pg_tblspc", "it is missing");
    const Result<std::vector<std::string>> names = names_in(links.get());
    if (!names) return names.error();
    const UniqueFd tablespaces = open_directory(data_, kTablespaces);
    std::vector<std::string> notes;
    for (const std::string& name : *names) {
      std::string was(PATH_MAX, '\0');
      const ssize_t n = readlinkat(links.get(), name.c_str(), was.data(), was.size());
      if (n < 0 && errno == EINVAL) continue;  // an in-place one
      if (n < 0) return system_error("read", name, errno);
      was.resize(static_cast<std::size_t>(n));
      const UniqueFd tablespace =
          tablespaces ? open_directory(tablespaces.get(), name) : UniqueFd();
      if (!tablespace) return damage("data/tablespaces/" + name, "it is missing");
      if (Status given = give(tablespace.get()); !given) return given.error();
      if (unlinkat(links.get(), name.c_str(), 0) != 0) return system_error("remove", name, errno);
      Status brought = bring_in(pgdata.get(), tablespaces.get(), links.get(), name);
      if (!brought) return brought.error();
      notes.push_back(moved(name, was));
    }
    Status kept = keep_aside(pgdata.get(), "configuration", "restored-configuration");
    if (!kept) return kept.error();
    const Result<bool> made = make_configuration(pgdata.get());
    if (!made) return made.error();
    if (*made) {
      notes.emplace_back(
          "its configuration was elsewhere: what there is of it is in restored-configuration of "
          "the "
          "data directory, and a new one in its place lets the owner alone connect");
    }
    return RestoredPostgres{std::string(kPostgresCopy) + "/pgdata", std::move(notes)};
  }

 private:
  // What people have to know of it.
  Result<std::vector<std::string>> load(const Globals& globals) const {
    const Result<std::string> binaries = postgres_binaries(copy_);
    if (!binaries) return binaries.error();
    const Result<std::unique_ptr<CommandRunner>> runner =
        job_.sandbox ? make_sandbox() : make_direct_runner();
    if (!runner) return runner.error();
    for (const auto& [name, text] : {std::pair("globals.sql", globals.text()),
                                     {"globals.last.sql", globals.last_text()},
                                     {"databases.sh", postgres_databases(copy_)}}) {
      if (Status put = put_file(job_.folder, name, text); !put) return put.error();
    }
    const std::uint32_t uid = geteuid() == 0 ? job_.uid : geteuid();
    Script script = postgres_script(copy_, *binaries, uid);
    if (!globals.tablespaces.empty()) script.environment.emplace_back("POSTGRES_IN_PLACE", "yes");
    const std::string text = std::string(kPostgresServer) + kPostgresRestoreScript;
    script.text = text.c_str();
    const DrillJob job{job_.record, job_.folder, job_.uid, job_.patience};
    const Result<ScriptResult> done = run_script(job, **runner, script);
    if (!done) return done.error();
    return postgres_notes(*done);
  }

  uid_t owner() const { return job_.owners.user(job_.record.uid); }
  gid_t group() const { return job_.owners.group(job_.record.gid); }

  Status give(int folder) const {
    Giving visitor(owner(), group());
    return walk_tree({folder, std::nullopt}, visitor, job_.patience);
  }

  // Without these files no server starts; true where one was missing.
  Result<bool> make_configuration(int cluster) const {
    bool made = false;
    for (const auto& [name, text] : {std::pair{"postgresql.conf", ""},
                                     {"pg_hba.conf", "local all all peer\n"},
                                     {"pg_ident.conf", ""}}) {
      if (faccessat(cluster, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
      made = true;
      if (Status put = put_file(cluster, name, text); !put) return put.error();
      if (geteuid() == 0 && fchownat(cluster, name, owner(), group(), AT_SYMLINK_NOFOLLOW) != 0) {
        return system_error("change the owner", name, errno);
      }
    }
    return made;
  }

  // A folder of the copy, where there is one, comes into the data directory as the owner's.
  Status keep_aside(int cluster, const char* from, const char* to) const {
    const UniqueFd folder = open_directory(data_, from);
    if (!folder && errno == ENOENT) return {};
    if (!folder) return system_error("open", from, errno);
    Status given = hand_over(folder.get(), {owner(), group()}, job_.patience);
    if (!given) return given;
    return renameat(data_, from, cluster, to) == 0 ? Status()
                                                   : Status(system_error("move", from, errno));
  }

  // The tablespace `name` in `from` becomes a folder of the data directory, with a link to it.
  Status bring_in(int cluster, int from, int links, const std::string& name) const {
    if (mkdirat(cluster, kTablespaces, 0700) != 0 && errno != EEXIST) {
      return system_error("create", kTablespaces, errno);
    }
    const UniqueFd tablespaces = open_directory(cluster, kTablespaces);
    if (!tablespaces) return system_error("open", kTablespaces, errno);
    const std::string place = job_.target + "/" + kTablespaces + "/" + name;
    const bool is_done = renameat(from, name.c_str(), tablespaces.get(), name.c_str()) == 0 &&
                         symlinkat(place.c_str(), links, name.c_str()) == 0 &&
                         (geteuid() != 0 || (fchown(tablespaces.get(), owner(), group()) == 0 &&
                                             fchownat(links, name.c_str(), owner(), group(),
                                                      AT_SYMLINK_NOFOLLOW) == 0));
    return is_done ? Status() : Status(system_error("move the tablespace", name, errno));
  }

  std::string moved(const std::string& name, const std::string& was) const {
    return fmt::format("tablespace {} is in {} of the data directory (it was in {})",
                       printable(name), kTablespaces, printable(was));
  }

  const PostgresRestore& job_;
  const int data_;
  const PostgresCopy& copy_;
};

}  // namespace

bool is_postgres_dump(const GenerationSummary& record) {
  return find_text(record.fingerprint, "method") == "dump";
}

Result<RestoredPostgres> restore_postgres(const PostgresRestore& job) {
  const UniqueFd data = open_directory(job.folder, kPostgresCopy);
  if (!data) return system_error("open", kPostgresCopy, errno);
  const Result<PostgresCopy> copy = read_postgres_copy(data.get());
  if (!copy) return copy.error();
  if (Status same = expect_as_recorded(data.get(), *copy, job.record.fingerprint); !same) {
    return same.error();
  }
  Restoring restoring(job, data.get(), *copy);
  return copy->is_dump() ? restoring.of_dump() : restoring.of_files();
}

}  // namespace repo
