// Subversion: HEAD is checked out and its log read, so is an older revision, and a commit is made.
//
// Of a repository with trunk, branches and tags, trunk alone is checked out, as people do: the same
// files a hundred times are no better proof. Externals lead elsewhere and are not followed. Hooks
// are gone before svn sees the repository, or the commit would run them; conf/ is read by servers
// alone and goes, too, and so does db/fsfs.conf, which can name servers for caches.
// Sources: svn help checkout (--depth, --ignore-externals); svnlook help; svn help mkdir (URL).

#include <fcntl.h>

#include "base/file_io.h"
#include "dumper/damage.h"
#include "dumper/svn_copy.h"
#include "dumper/tree_look.h"
#include "restorer/drill_script.h"
#include "restorer/drill_scripts.h"

namespace repo {
namespace {

Status disarm(int data) {
  for (const char* folder : {"hooks", "conf"}) {
    if (Status emptied = empty_folder(data, folder); !emptied) return emptied;
  }
  const Result<UniqueFd> db = open_beneath(data, "db", O_RDONLY | O_DIRECTORY);
  if (!db) return db.error();
  return put_file(db->get(), "fsfs.conf", "# of a drill\n");
}

class SvnDrill final : public Drill {
 public:
  Result<std::vector<std::string>> run(const DrillJob& job,
                                       const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_data(job);
    if (!data) return data.error();
    const Detail& recorded = job.record.fingerprint;
    const bool is_bdb = find_text(recorded, "fs_type") == "bdb";
    if (!is_bdb) {  // without its library nothing can be asked of its files
      const Result<Detail> found = svn_fingerprint(data->get(), Skip(), job.patience);
      if (!found) return unreadable_fingerprint(found.error());
      if (Status same = expect_equal(*found, recorded); !same) return same.error();
    }
    if (Status disarmed = disarm(data->get()); !disarmed) return disarmed.error();
    const std::string own_name = "repo-restore-drill-" + job.record.generation;
    Result<ScriptResult> done =
        run_script(job, runner, {kSvnDrillScript, {is_bdb ? "bdb" : "fsfs", own_name}, {}});
    if (!done) return done.error();
    const std::uint64_t youngest = find_number(recorded, "revision").value_or(0);
    Status same =
        expect_equal("youngest revision", done->facts["youngest"], std::to_string(youngest));
    if (same) {
      same = expect_equal("uuid", done->facts["uuid"], find_text(recorded, "uuid").value_or(""));
    }
    if (!same) return same.error();
    // The control: one commit later it is another state.
    same = expect_equal("youngest revision after a commit", done->facts["after"],
                        std::to_string(youngest + 1));
    if (!same) return same.error();
    done->steps.insert(done->steps.begin(), "fingerprint, uuid and youngest revision as recorded");
    return std::move(done->steps);
  }
};

}  // namespace

std::unique_ptr<Drill> make_svn_drill() { return std::make_unique<SvnDrill>(); }

}  // namespace repo
