// An exact copy of a live Subversion repository (FSFS in all formats, FSX), by our own copier.
//
// `svnadmin hotcopy` would do, and is not used: it follows links in the source and waits for FIFOs
// and for locks that others hold, fails where `svnadmin pack` is at work, knows no names that are
// not UTF-8, loses mtimes, and says success for a base that is damaged. The order in which it reads
// is the one here (svn_layout.h), and what else it takes care of is: rep-cache.db, packing.
//
// Order      rep-cache.db; then in rounds db/current and all else, until nothing but younger
//            revisions has come while the revisions were copied, and none of these is packed; at
//            last db/current as it was read, so that what is not whole is no repository.
// Left out   transactions that are not committed; revisions younger than db/current was.
#pragma once

#include <string>

#include "dumper/dumper.h"

namespace repo {

// As Dumper::copy. Runs no tool.
Result<CopyFacts> copy_svn(const DumpJob& job);

// As Dumper::look.
Result<TreeLook> look_at_svn(const DumpJob& job, const Seen& seen);

// What the probe says of a directory that must be a repository.
Result<Detail> svn_detail(int repository);

// Refuses a source that has anything but files and directories among its data, or would inflate.
Status check_svn_source(const DumpJob& job);

// What a copy says of itself: the probe's detail, and a digest over revision properties, locks,
// hooks, configuration and all else that `svnadmin verify` does not compare.
Result<Detail> svn_fingerprint(int repository, const Skip& skip, const Patience& patience);

}  // namespace repo
