// The results of items that end without a new copy. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "dumper/plan.h"
#include "dumper/record.h"
#include "dumper/run_item.h"

namespace repo {

// The item with nothing done: kFailed until something else is known.
ItemResult blank_result(const PlanItem& item);

// Ended by `error`: vanished, failed, or skipped because of a stop.
ItemResult failed_item(const PlanItem& item, const Error& error);

// Whose current generation is what a copy would be.
// `doubt`: what a drill has found against it; empty: nothing.
ItemResult unchanged_item(const PlanItem& item, const GenerationSummary& current,
                          const std::string& doubt = {});

// Listed only.
ItemResult listed_item(const RunItem& item);

// What a run would make of it: kSkipped with `bytes_needed` stands for a copy.
ItemResult planned_item(const RunItem& item);

// Whether all is well with it: there is a copy, or none is wanted.
bool is_good(const ItemResult& result);

// Whether a new generation came of it, be it one in which something is missing.
bool is_published(const ItemResult& result);

// Of a copy that lacks something, which CopyFacts::missing says.
Error told_of_missing(const std::vector<std::string>& missing);

// An owner decides what there is to say of his repository, but not how much of it is kept.
void limit_notes(std::vector<std::string>& notes);

// A note: why retention leaves older generations alone.
std::string told_of_freeze(const std::string& reason, const std::string& id);

}  // namespace repo
