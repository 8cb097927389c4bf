// What a run knows of one item before it copies it.
#pragma once

#include <optional>
#include <vector>

#include "dumper/dump_item.h"
#include "dumper/plan.h"
#include "dumper/record.h"
#include "dumper/reuse.h"
#include "dumper/space.h"

namespace repo {

struct RunItem {
  PlanItem plan;
  Survey survey;
  std::optional<Error> unreadable;  // why there is no survey
  SpaceNeed need;
  std::optional<GenerationSummary> previous;  // the current generation, where there is one
  bool unreadable_previous = false;           // there is one, and its record cannot be read
  Reuse reuse;                                // of previous
  bool accepted = false;                      // by --accept

  bool must_be_copied() const { return !plan.refused && !reuse.unchanged; }
};

}  // namespace repo
