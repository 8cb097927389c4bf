// What tests of dumps share: a dump root, items to dump, generations made by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "dumper/dump_item.h"
#include "dumper/dump_root.h"
#include "dumper/options.h"
#include "dumper/plan.h"
#include "scanner/options.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"

namespace repo::test {

// look_at_target and open_dump_root.
Result<DumpRoot> open_root(const std::string& path);

// As a scan would find it: from lstat of `path` as it is now.
Repository source_at(const std::string& kind, const std::string& path);
PlanItem item_at(const std::string& kind, const std::string& path);

ItemContext context_of(const DumpRoot& root, const CommandRunner& runner);

// As a run does for one item: looks at the source, then copies it. Of the current generation only
// what `context` says is reused.
ItemResult dump_once(const PlanItem& item, const Dumper& dumper, const ItemContext& context);

// As a run does at the time `now` for one item that may have a current generation: what of that can
// be reused is.
ItemResult dump_next(const PlanItem& item, const Dumper& dumper, ItemContext context, UtcTime now,
                     const ReusePolicy& policy = {false, std::chrono::hours(24 * 7),
                                                  std::chrono::hours(24 * 30)});

// The directory of the current generation: ROOT/current/KIND/ID.
std::string current_of(const DumpRoot& root, const PlanItem& item);
std::string older_of(const DumpRoot& root, const PlanItem& item);

// A generation at `path` (made with all its parents): data/file with `content`, and item.json.
void make_generation(const std::string& path, const std::string& generation,
                     const std::string& content, std::uint64_t bytes = 5, std::uint64_t shared = 0);

// Names in control/staging without what is always there.
std::vector<std::string> staged_in(const DumpRoot& root);

// What a probe takes for a repository, made without any tool: svn at revision 7 and with hooks and
// conf; hg without a changeset. Nothing but a tool would see that there is nothing in them.
void make_svn_skeleton(const std::string& path);
void make_hg_skeleton(const std::string& path);

// The whole tools in a process of their own, as main() calls them.
Ran dump(const DumpOptions& options);
Ran scan(const ScanOptions& options);

// Options for a run into `to` with 2 jobs.
DumpOptions dump_options(const std::string& manifest, const std::string& to);

// Scans `root` and writes the manifest to `manifest`; the test fails unless it ends in 0.
void must_scan(const std::string& root, const std::string& manifest);

}  // namespace repo::test
