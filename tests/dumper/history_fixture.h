// Records of runs and lines of ledgers, written as a run writes them; and mangled.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dumper/record.h"

namespace repo::test {

inline constexpr const char* kBegan = "2026-01-31T23:59:00Z";
inline constexpr const char* kEndedAt = "2026-02-01T00:00:00Z";
inline constexpr const char* kHostilePath = "/srv/a\nb\x1b[31m\"\\\xff\xfe";

inline UtcTime time_of(const char* text) { return parse_rfc3339(text).value(); }

inline RunSummary summary() {
  RunSummary made;
  made.scan_complete = false;
  made.started = time_of(kBegan);
  made.finished = time_of(kEndedAt);
  made.counts = {{ItemStatus::kCopied, 1}, {ItemStatus::kFailed, 1}, {ItemStatus::kSkipped, 1}};
  made.listed = 4;
  made.gone = 1;
  made.bytes = 99;
  made.bytes_written = 9;
  made.seconds = 60.5;
  made.exit_status = 3;
  return made;
}

// One that was copied, one that failed, one that a rule lists.
inline std::vector<ItemResult> results() {
  ItemResult copy;
  copy.id = "an-id";
  copy.kind = "hg";
  copy.path = kHostilePath;
  copy.status = ItemStatus::kCopied;
  copy.seconds = 1.5;
  copy.bytes = 99;
  copy.bytes_written = 9;
  copy.generation = "20260131T235959Z";
  copy.fingerprint = {{"changesets", std::uint64_t{4}}, {"status", std::string("no status")}};
  copy.lock_seconds = 0.25;
  copy.notes = {"a share", "another note"};
  copy.is_alarming = true;
  ItemResult failure;
  failure.id = "other-id";
  failure.kind = "svn";
  failure.path = "/srv/plain";
  failure.status = ItemStatus::kFailed;
  failure.error = plain_error("verify", "", "exit status 1: second");
  failure.error->output = "first\nsecond\n";
  ItemResult listed;
  listed.id = "third-id";
  listed.kind = "git";
  listed.path = "/srv/cache/x";
  listed.status = ItemStatus::kSkipped;
  listed.listed_by = "*/cache/*";
  return {copy, failure, listed};
}

inline std::vector<GoneCopy> gone_copies() {
  return {{"id-1", "svn", "/srv/\xff", 42, "20260101T000000Z", true, false},
          {"id-2", "git", "/srv/old", 43, "20260101T000000Z", false, true}};
}

inline std::string record_of(const std::optional<RunSummary>& summary,
                             const std::vector<ItemResult>& items,
                             const std::vector<GoneCopy>& gone = {}) {
  RunRecord record{"web1", "repo-dump 1", 42, time_of(kBegan), summary, &items, &gone, "", {}};
  if (summary) record.scanned = time_of("2026-01-31T23:58:00Z");
  return write_run_record(record);
}

inline std::string running_record() { return record_of(std::nullopt, {}); }
inline std::string ended_record() { return record_of(summary(), results(), gone_copies()); }

// Of one item that was copied.
inline std::string good_record() {
  RunSummary good = summary();
  good.exit_status = 0;
  return record_of(good, {results().front()});
}

// Makes of a text one that a broken disk, an editor or a bug might: always the same ones.
class Mangler {
 public:
  explicit Mangler(std::uint32_t seed) : random_(seed) {}

  std::string mangled(std::string text) {
    const std::size_t changes = 1 + below(3);
    for (std::size_t i = 0; i < changes && !text.empty(); ++i) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  void change(std::string& text) {
    constexpr std::string_view kMarks = "{}[]\",:0123456789.-eEnulltrue\\ \n";
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        text[at] = kMarks[below(kMarks.size())];
        break;
      case 2:
        text.insert(at, 1, kMarks[below(kMarks.size())]);
        break;
      case 3:
        text.erase(at, 1 + below(16));
        break;
      default:  // a piece of it once more
        text.insert(at, text.substr(below(text.size()), 1 + below(40)));
    }
  }

  std::mt19937 random_;  // its numbers are the same everywhere
};

}  // namespace repo::test
