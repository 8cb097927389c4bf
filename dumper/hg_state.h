// What a Mercurial repository says of itself, read without Mercurial: what was committed, and all
// that `hg verify` does not look at.
//
// Sources: `hg help internals.requirements`; mercurial/phases.py, bookmarks.py, obsolete.py,
// localrepo.py (where each lies); hgext/mq.py (patches, patches-QUEUE), hgext/shelve.py (shelved).
#pragma once

#include <optional>
#include <string>

#include "dumper/command_runner.h"
#include "dumper/identity.h"
#include "scanner/repository.h"

namespace repo {

// Open directories of a repository, and as whom they are read.
struct HgPlaces {
  int hg = -1;     // .hg
  int store = -1;  // the one that holds 00changelog.i
  std::optional<Identity> store_as;
  int bookmarks = -1;  // the .hg whose bookmarks count
  std::optional<Identity> bookmarks_as;
};

// changesets, tip, first, heads, heads_sha256; and SHA-256 digests of what there is of bookmarks,
// bookmarks_in_store, phases, local_tags, obsstore, hgrc (and hgrc-not-shared), mq (the patches of
// all queues) and shelved.
Result<Detail> hg_fingerprint(const HgPlaces& places, const Patience& patience);

// Of a copy that is whole in itself: the open directory that holds .hg.
Result<Detail> hg_fingerprint_at(int data, const Patience& patience);

}  // namespace repo
