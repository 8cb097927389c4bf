// Mercurial: cloned as from another machine, updated to the tip and to an older changeset, phases
// and bookmarks compared with the clone's, and a changeset committed.
//
// .hg/hgrc is taken out and nobody's is read: hooks and extensions of the repository do not run.
// Repositories inside it (.hgsub) are no part of the copy: what has some is exported instead of
// updated to, which leaves them out. Secret changesets are not cloned, by Mercurial's rules; the
// tip is looked at in the repository itself. Sources: hg help clone (--pull), phases (publish),
// revsets, subrepos, config.

#include <fcntl.h>

#include "base/file_io.h"
#include "base/number.h"
#include "dumper/damage.h"
#include "dumper/hg_state.h"
#include "dumper/hg_tool.h"
#include "dumper/tree.h"
#include "restorer/drill_script.h"
#include "restorer/drill_scripts.h"

namespace repo {
namespace {

constexpr const char* kHgrc = "[phases]\npublish = False\n[ui]\nusername = drill\n";

class HgDrill final : public Drill {
 public:
  Result<std::vector<std::string>> run(const DrillJob& job,
                                       const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_data(job);
    if (!data) return data.error();
    const Detail& recorded = job.record.fingerprint;
    Result<Detail> found = hg_fingerprint_at(data->get(), job.patience);
    if (!found) return unreadable_fingerprint(found.error());
    if (Status same = expect_equal(*found, recorded); !same) return same.error();

    if (Status disarmed = disarm(job, data->get()); !disarmed) return disarmed.error();
    // Layouts that are experimental: hg alone can read them, and of an empty one we cannot tell.
    const std::optional<std::uint64_t> changesets = find_number(recorded, "changesets");
    const bool asks_hg = changesets.value_or(0) == 0;
    const std::string own_name = "repo-restore-drill-" + job.record.generation;
    Result<ScriptResult> done = run_script(
        job, runner,
        {kHgDrillScript, {own_name, asks_hg ? "yes" : "no"}, hg_environment("/staging/hgrc")});
    if (!done) return done.error();
    std::map<std::string, std::string>& facts = done->facts;
    // What was abandoned in a transaction is not there any more after hg recover.
    const bool is_recovered = !done->steps.empty() && done->steps[0].starts_with("hg recover");
    Status same;
    if (changesets && !is_recovered) {
      same = expect_equal("number of changesets", facts["changesets"], std::to_string(*changesets));
      const std::string tip = find_text(recorded, "tip").value_or("");
      if (same && *changesets > 0) same = expect_equal("tip", facts["tip"], tip);
    }
    if (same && !facts["differing"].empty()) {
      same = unusable("a clone has other phases or bookmarks: " + facts["differing"]);
    }
    if (!same) return same.error();
    // The control: one commit later it is another state.
    const std::uint64_t before = to_number<std::uint64_t>(facts["changesets"]).value_or(0);
    std::optional<std::uint64_t> after = to_number<std::uint64_t>(facts["after"]);
    if (!asks_hg) {
      found = hg_fingerprint_at(data->get(), job.patience);
      if (!found) return unreadable_fingerprint(found.error());
      after = find_number(*found, "changesets");
      if (find_text(*found, "tip") == facts["tip"]) after.reset();
    }
    if (after != before + 1) return unusable("a commit did not become its new tip");
    done->steps.insert(done->steps.begin(), "fingerprint, changesets and tip as recorded");
    return std::move(done->steps);
  }

 private:
  static Status disarm(const DrillJob& job, int data) {
    const Result<UniqueFd> hg = open_beneath(data, ".hg", O_RDONLY | O_DIRECTORY);
    if (!hg) return hg.error();
    // What somebody was in the middle of is no business of a drill.
    // With its caches hg would not read all that it shows: manifestfulltextcache has the last one.
    for (const char* each :
         {"hgrc", "hgrc-not-shared", "cache", "wcache", "shelvedstate", "rebasestate",
          "histedit-state", "graftstate", "updatestate", "bisect.state", "transplant"}) {
      if (Status removed = remove_tree(hg->get(), each); !removed) return removed;
    }
    std::string hgrc = kHgrc;
    for (const auto& [key, value] : hg_config_for(data)) {
      const std::size_t dot = key.find('.');
      hgrc += "[" + key.substr(0, dot) + "]\n" + key.substr(dot + 1) + " = " + value + "\n";
    }
    return put_file(job.scratch, "hgrc", hgrc);
  }
};

}  // namespace

std::unique_ptr<Drill> make_hg_drill() { return std::make_unique<HgDrill>(); }

}  // namespace repo
