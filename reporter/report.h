// What is true now, from the records: the one thing that all channels tell. Pure.
//
// Last results are what the newest records say; a run that has just begun changes nothing. What is
// not known is no success: a record that cannot be read, a time that is still to come.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reporter/records.h"

namespace repo {

enum class Severity {
  kNote,     // to be known; all is good
  kWarning,  // somebody must look at it
  kFailure,  // something cannot be restored, or nobody knows
};

// "OK", "WARNING", "FAILED": the word that every channel begins with. Nothing: no finding.
const char* word_of(std::optional<Severity> severity);
// "ok", "warning", "failed": for programs, and as classes of the page.
const char* key_of(std::optional<Severity> severity);

// Of one item or of the whole machine. Texts are one line of UTF-8 each, for people, with the
// escapes of printable().
struct Finding {
  Severity severity = Severity::kNote;
  std::string what;  // a word that stays the same as long as it is the same matter: "failed"
  std::string text;
  std::string todo{};    // what to do, where that is known
  std::string output{};  // the last lines that a tool has printed; raw
};

struct SizePoint {
  UtcTime time;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

struct ItemState {
  std::string id;  // as printable() has it, and so the kind
  std::string kind;
  std::string path;                   // raw bytes
  std::string store;                  // raw bytes; empty: not known
  std::optional<UtcTime> attempted;   // when the run began that last took it on
  std::optional<ItemStatus> outcome;  // of that
  std::optional<UtcTime> succeeded;   // as of when its copy is good: copied, or seen unchanged
  std::string generation;             // the current copy's stamp; empty: there is none
  bool is_partial = false;            // it has less than the source's directory
  std::uint64_t bytes = 0;            // of it
  std::uint64_t bytes_all = 0;        // of all generations, as if they shared nothing
  std::optional<UtcTime> proven;      // the last drill that passed, where nothing speaks against it
  std::optional<DrillResult> drill;   // the last one, however it ended
  std::vector<SizePoint> sizes;       // from old to new
  std::string listed_by;              // by a rule of the policy: not copied
  std::optional<UtcTime> found;       // when the last scan that looked there ended; else not found
  bool is_gone = false;               // its source is: the copy stays until --forget
  std::vector<Finding> findings;      // the worst first

  std::optional<Severity> severity() const;
  // A copy that can be relied on: there is one, and nothing is known against it.
  bool is_good() const { return !generation.empty() && severity() < Severity::kWarning; }
};

struct Coverage {
  std::vector<std::string> added;                          // paths; raw bytes, as all here
  std::vector<std::pair<std::string, std::string>> moved;  // from, to
  std::vector<std::string> replaced;    // another repository than before, or of another kind
  std::vector<std::string> gone;        // since the scan before
  std::vector<Error> errors;            // all that the scan could not look at
  std::vector<Error> unreadable;        // what the scan could not look at
  std::vector<Pruned> not_looked_at;    // but for what is acknowledged
  std::vector<std::string> not_dumped;  // found, and in no copy
  std::optional<UtcTime> scanned;
  bool complete = true;
};

struct RunPoint {
  std::string stamp;
  RunState state = RunState::kRunning;
  UtcTime began;
  std::optional<UtcTime> ended;
  std::optional<RunSummary> summary;
  std::size_t owed = 0;  // items that it set out to copy; 0: not known
};

struct StatusOptions {
  std::chrono::seconds expect = std::chrono::hours(26);         // how old the last run may be
  std::chrono::seconds proof_age = std::chrono::hours(7 * 24);  // and the last drill of an item
  // Paths that need not be looked at, and may be unreadable or broken, with what is below.
  std::vector<std::string> acknowledged{};
};

struct Report {
  bool is_test = false;  // of the alarm itself: every channel says so first
  UtcTime time;
  std::string host;  // that the records are of
  bool is_of_this_host = true;
  bool has_newest_manifest = true;
  std::chrono::seconds expect{};  // how old this may be: a page that is older says so
  std::string dir;
  std::string headline;           // one line: the answer
  std::vector<Finding> findings;  // of the machine; the worst first
  std::vector<ItemState> items;   // the worst first, then in the order of paths
  Coverage coverage;
  std::vector<RunPoint> runs;        // from old to new
  std::vector<DrillResult> drills;   // from old to new
  std::optional<UtcTime> last_good;  // when the last run that was good enough ended

  std::optional<Severity> severity() const;  // the worst of all
  bool is_good() const { return severity() < Severity::kWarning; }
};

// Anew, where a finding was added.
void set_headline(Report& report);

// `host` is this machine.
Report make_report(const Records& records, const StatusOptions& options, UtcTime now,
                   const std::string& host);
// Of a machine whose records cannot be read.
Report make_report(const Error& error, const std::string& dir, UtcTime now,
                   const std::string& host);

// What state the machine is in, without times and figures: an entry for each matter of an item or
// of the machine, "svn/ID failed" or "missed", with the text that was shown; "note " before what is
// only to be known. Alerts that are owed are no part of it.
inline constexpr const char* kNoteKey = "note ";
inline constexpr const char* kOwed = "undelivered";  // how the finding of such an alert begins
std::map<std::string, std::string> state_of(const Report& report);

}  // namespace repo
