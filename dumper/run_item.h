// What a run knows of one item before it copies it.
#pragma once

#include <optional>
#include <vector>

#include "dumper/dump_item.h"
#include "dumper/plan.h"
#include "dumper/policy.h"
#include "dumper/record.h"
#include "dumper/reuse.h"
#include "dumper/space.h"

namespace repo {

struct RunItem {
  PlanItem plan;
  Decision decision;  // of the policy
  Survey survey;
  std::optional<Error> unreadable;  // why there is no survey, or none that can be copied
  SpaceNeed need;
  std::optional<GenerationSummary> previous;  // the current generation, where there is one
  bool unreadable_previous = false;           // there is one, and its record cannot be read
  std::string previous_is_bad;                // what a drill or a scrub found against it
  Reuse reuse;                                // of previous
  bool accepted = false;                      // by --accept

  bool is_listed_only() const { return !plan.refused && decision.verdict == Verdict::kList; }
  bool is_left_out() const { return plan.refused || is_listed_only(); }
  bool must_be_copied() const { return !is_left_out() && !reuse.unchanged; }
};

}  // namespace repo
