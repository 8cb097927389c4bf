// What copies lie in a dump root, or in what a file-level backup has brought back of one.
//
// For looking only: nothing is written, no lock is taken, no link is followed, and nothing depends
// on owners, modes or times, which a file-level backup may have lost. A generation whose record is
// missing, cut or edited is listed with the reason, never passed over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/dump_root.h"
#include "dumper/proof.h"
#include "dumper/record.h"

namespace repo {

struct Generation {
  std::string stamp;  // of the record; where that cannot be read, the folder's name
  std::string place;  // relative to the dump root: "current/svn/ID"
  std::optional<GenerationSummary> record;
  std::string unreadable;  // why there is no record
  bool is_ours = false;    // … which says nothing of the copy: this machine is short of something
};

// A copied repository with all its generations.
struct CopiedItem {
  std::string kind;
  std::string id;
  std::string path;                     // of the source, raw bytes; empty: no record tells
  std::vector<Generation> generations;  // the current one first, then from new to old
  Proof proof;
  std::string unreadable_proof;  // why that is empty, where there is one

  const Generation* find(const std::string& stamp) const;
  bool has_current() const;
};

// `root` has path, top, current, older and control, as far as they are there. Errors: neither
// current nor older is there.
Result<DumpRoot> open_copies(const std::string& dir);

// In the order of a walk, then by kind: what lies outside comes before what lies inside it.
Result<std::vector<CopiedItem>> list_copies(const DumpRoot& root);

// What there are proofs of in control/ and no copy: "svn/ID". Somebody, or something, has taken
// these copies away (repo-dump --forget takes the proof, too).
std::vector<std::string> missing_copies(const DumpRoot& root, const std::vector<CopiedItem>& items);

// A generation to read from. A dump may move it to older/ between list_copies() and this: then it
// is opened there. ENOENT: it is gone.
struct OpenGeneration {
  UniqueFd folder;
  std::string place;
};
Result<OpenGeneration> open_generation(const DumpRoot& root, const CopiedItem& item,
                                       const Generation& generation);

// Whether it was moved or removed since it was opened, as retention does.
bool is_removed(int generation);

}  // namespace repo
