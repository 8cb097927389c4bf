// The report as text: for a terminal, and for mails. Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

// How many lines about items a text has at most: five thousand failures are one digest.
inline constexpr std::size_t kMostLines = 40;

// "FAILED web1: 3 of 214 items FAILED": a test says so before it.
std::string first_line_of(const Report& report);

// "FAILED web1: 3 of 214 items failed, 1 to be looked at": without any name of a repository.
std::string counts_of(const Report& report);

// First what is wrong, each with what to do; then coverage, the last runs, and a table of items:
// all of them, or with `brief` none.
std::string text_of(const Report& report, bool brief);

// Of the items whose findings are `severity` or worse, a line each; "and 12 more" where there are
// more than `most`.
struct ItemLine {
  const ItemState* item;
  const Finding* finding;
};
std::vector<ItemLine> lines_of(const Report& report, Severity severity);

}  // namespace repo
