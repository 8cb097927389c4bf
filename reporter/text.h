// The report as text: for a terminal, and for mails. Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

// How many findings a text has at most: five thousand failures are one digest.
inline constexpr std::size_t kMostLines = 40;
// How many lines of what a tool has printed about one.
inline constexpr std::size_t kOutputLines = 5;

// "FAILED web1: 3 of 214 items FAILED": a test says so before it.
std::string first_line_of(const Report& report);

// "FAILED web1: 3 of 214 items failed, 1 to be looked at": without any name of a repository.
std::string counts_of(const Report& report);

// First what is wrong, each with what to do; then coverage, the last runs, and a table of items:
// all of them, or with `brief` none.
std::string text_of(const Report& report, bool brief);

// What somebody must look at: failures before warnings, of either those of the machine before those
// of items; at most kMostLines, and how many more there are.
struct Trouble {
  const ItemState* item;  // null: of the machine
  const Finding* finding;
};
struct Troubles {
  std::vector<Trouble> shown;
  std::size_t more = 0;
};
Troubles troubles_of(const Report& report);
Troubles troubles_of(Report&& report) = delete;  // Troubles point into it

}  // namespace repo
