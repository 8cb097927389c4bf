// One drill, from a generation to a result: rebuilt in the scratch place, used by the drill of its
// kind, and removed again. The generation is only read, and no lock of repo-dump's is taken: what a
// dump exchanges meanwhile stays open.
#pragma once

#include "dumper/copies.h"
#include "dumper/proof.h"
#include "dumper/tools.h"
#include "restorer/drill.h"
#include "restorer/scratch.h"

namespace repo {

struct DrillContext {
  const DumpRoot& root;
  const Scratch& scratch;
  const Tools& tools;
  const Drills& drills;
  std::uint32_t uid = 0;  // for the sandbox: one that no concurrent drill has
  Room reserve;           // what must stay free in the scratch place
  Patience patience;
};

// Of the current generation. Never throws but for want of memory; whatever fails is in the result.
DrillResult drill_item(const CopiedItem& item, const DrillContext& context);

// What the result makes of what was proven before. `generations` are those that there are.
Proof updated(Proof proof, const DrillResult& result, const std::vector<Generation>& generations);

}  // namespace repo
