// From a finished copy in staging to a generation in current/, and back from a crash in between.
//
// A staging directory is named "<kind>.<id>" and holds data/, SHA256SUMS, owners and item.json, all
// on disk (syncfs) before it is published. The rename is the moment: before it `current` is as it
// was, after it the new generation is whole.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/dump_root.h"
#include "dumper/proof.h"
#include "dumper/record.h"

namespace repo {

std::string staging_name(const std::string& kind, const std::string& id);

// An empty staging directory; what an earlier try has left is removed. Refused where a generation
// lies there that was published once and could not be moved to older/.
Result<UniqueFd> make_staging(const DumpRoot& root, const std::string& kind, const std::string& id);

// The generation in <kind>/<id> of the open folder `current`, if there is one that can be read.
std::optional<GenerationSummary> current_generation(int current, const std::string& kind,
                                                    const std::string& id);

// What drills and scrubs have found against a generation, or against one that it may share files
// with; or that this cannot be known. Nothing where all is well.
struct Doubt {
  std::string why;
  // All of it is what was recorded, whole, and only its use failed: another copy would be the same.
  bool is_intact = false;
};
std::optional<Doubt> doubt_about(const DumpRoot& root, const std::string& kind,
                                 const std::string& id, const GenerationSummary& generation);

// A look at a generation's own files, but for its record: equal to the one in the record
// (Changes::kContent) where nobody has touched them.
Result<TreeLook> look_at_generation(int generation, const Patience& patience);

// The stamp for a new generation: now, but later than `newest` by a second at least, whatever
// the clock does.
std::string next_generation(UtcTime now, const std::optional<std::string>& newest);

// The newest stamp of the item, in current/ or older/.
std::optional<std::string> newest_generation(const DumpRoot& root, const std::string& kind,
                                             const std::string& id);

// Makes the staging directory the current generation: renamed where there was none, else exchanged
// with the old one, which then lies in staging until retire_displaced(). Both parents are fsynced.
// On an error `current` is untouched, or whole and new (where only an fsync failed).
Status publish(const DumpRoot& root, const std::string& kind, const std::string& id);

// Moves what publish() has displaced, if anything, to older/. One whose record cannot be read goes
// there under a name that is no stamp, so that retention neither counts nor removes it.
Status retire_displaced(const DumpRoot& root, const std::string& kind, const std::string& id);

// What a crash has left in staging: a generation that had been published before (the displaced one
// of an exchange) goes to older/; all else was never published and is removed. Returns what could
// not be dealt with.
std::vector<Error> recover_staging(const DumpRoot& root);

// Of the generations in older/ those that go, so that `keep` remain, the current one among them.
// Those that are `bad` go first and count as none. A name that is no stamp is never ours and never
// goes.
std::vector<std::string> surplus_generations(const std::vector<std::string>& older, int keep,
                                             const Proof& proof = {});

// Removes the surplus ones of one item. Only after a newer verified generation was published.
Status apply_retention(const DumpRoot& root, const std::string& kind, const std::string& id,
                       int keep);

// Where retention is frozen: of the generations in older/ that are damaged or unusable all but the
// newest go, else a copy that can never be used would fill the disk, night by night.
Status remove_damaged(const DumpRoot& root, const std::string& kind, const std::string& id);

// Where the new generation lacks something: of the generations in older/ only such as lack
// something, too, are counted and go. A whole one stays until there is a newer whole one.
Status remove_incomplete(const DumpRoot& root, const std::string& kind, const std::string& id,
                         int keep);

// Removes every generation of an item, in older/ and current/. Interrupted, it leaves whole
// generations or none.
Status forget(const DumpRoot& root, const std::string& kind, const std::string& id);

// Bytes that apply_retention would free after one more generation, which shares so many with the
// current one. What a generation shares with the next is not freed with it.
std::uint64_t bytes_to_be_freed(const DumpRoot& root, const std::string& kind,
                                const std::string& id, int keep, std::uint64_t shared_with_next);

}  // namespace repo
