#include "reporter/report_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/options.h"
#include "reporter/report_coverage.h"

namespace repo {
namespace {

constexpr const char* kDrill = "repo-restore --drill ";
constexpr const char* kNightly = "scripts/nightly ";

bool is_success(ItemStatus status) {
  return status == ItemStatus::kCopied || status == ItemStatus::kUnchanged;
}

bool is_of(const std::vector<Finding>& findings, std::string_view what) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& finding) { return finding.what == what; });
}

UtcTime end_of(const PastRun& run) { return run.summary ? run.summary->finished : run.started; }

class Builder {
 public:
  Builder(const Records& records, const StatusOptions& options, UtcTime now)
      : records_(records), options_(options), now_(now), scan_errors_(scan_errors_of(records)) {}

  std::vector<ItemState> build() {
    add_copies();
    add_found();
    add_runs();
    for (auto& [key, item] : items_) judge(key, item);
    std::vector<ItemState> states;
    for (auto& [key, item] : items_) states.push_back(std::move(item.state));
    std::stable_sort(states.begin(), states.end(), [](const ItemState& a, const ItemState& b) {
      return std::tie(a.path, a.kind) < std::tie(b.path, b.kind);
    });
    return states;
  }

 private:
  using Key = std::pair<std::string, std::string>;  // kind, id
  struct Item {
    ItemState state;
    const CopiedItem* copy = nullptr;
    const ItemResult* last = nullptr;      // of the newest run that took it on
    std::optional<UtcTime> confirmed{};    // when the run ended that last found it good
    std::optional<UtcTime> known_since{};  // the first sign of a copy
    bool is_still_there = false;           // gone, but its directory is not
    bool is_missing = false;               // there are proofs of it, and no copy
  };

  Item& at(const std::string& kind, const std::string& id) {
    Item& item = items_[{kind, id}];
    // Names of folders in the dump root, which may be anything.
    item.state.kind = printable(kind);
    item.state.id = printable(id);
    return item;
  }

  static void raise(std::optional<UtcTime>& time, UtcTime to) {
    if (!time || *time < to) time = to;
  }

  static void seen_since(Item& item, UtcTime time) {
    if (!item.known_since || time < *item.known_since) item.known_since = time;
  }

  void add_copies() {
    for (const CopiedItem& copy : records_.items) {
      Item& item = at(copy.kind, copy.id);
      item.copy = &copy;
      item.state.path = copy.path;
      item.state.drill = copy.proof.last;
      const std::optional<UtcTime> proven = copy.proof.proven();
      if (proven && *proven <= now_) item.state.proven = proven;
      for (const Generation& generation : copy.generations) {
        if (!generation.record) continue;
        item.state.bytes_all += generation.record->bytes;
        if (const auto time = parse_stamp(generation.stamp)) seen_since(item, *time);
      }
      if (!copy.has_current()) continue;
      const Generation& current = copy.generations.front();
      item.state.generation = current.stamp;
      if (!current.record) continue;
      item.state.bytes = current.record->bytes;
      item.state.store = current.record->store;
      item.state.is_partial = find_flag(current.record->fingerprint, kIsPartial) == true;
      const auto made = parse_stamp(current.stamp);
      if (made && *made <= now_) item.state.succeeded = item.confirmed = made;
    }
    for (const std::string& each : records_.missing_copies) {
      const std::size_t slash = each.find('/');
      at(each.substr(0, slash), each.substr(slash + 1)).is_missing = true;
    }
  }

  void add_runs() {
    bool is_newest = true;  // of those that are over
    bool knows_gone = false;
    for (const ReportedRun& reported : records_.runs) {  // from new to old
      const PastRun& run = reported.run;
      if (run.state == RunState::kRunning) continue;
      for (const ItemResult& result : run.items) add_result(run, result, is_newest);
      is_newest = false;
      // One that died did not come to say what is gone, and an incomplete scan does not know it.
      const bool says_gone = run.summary && run.summary->scan_complete;
      if (says_gone && !knows_gone) add_gone(run);
      knows_gone = knows_gone || says_gone;
    }
  }

  void add_result(const PastRun& run, const ItemResult& result, bool is_newest) {
    const auto known = items_.find({result.kind, result.id});
    // An item of long ago that is in no copy and was not found any more is no item.
    if (known == items_.end() && !is_newest) return;
    Item& item = at(result.kind, result.id);
    if (item.state.path.empty()) item.state.path = result.path;
    if (!item.last) {
      item.last = &result;
      item.state.attempted = run.started;
      item.state.outcome = result.status;
      item.state.listed_by = result.listed_by;
    }
    const UtcTime time = end_of(run);
    if (!is_success(result.status) || time > now_ + kClockMayDiffer) return;
    seen_since(item, time);
    // Of a copy that is not there any more nothing is known by that.
    if (result.generation <= item.state.generation) {
      const auto made = parse_stamp(result.generation);
      const bool is_copy = result.status == ItemStatus::kCopied && made;
      raise(item.state.succeeded, is_copy ? *made : run.started);
      raise(item.confirmed, time);
    }
    item.state.sizes.insert(item.state.sizes.begin(), {time, result.bytes, result.seconds});
  }

  void add_gone(const PastRun& run) {
    for (const GoneCopy& gone : run.gone) {
      if (gone.forgotten) continue;
      Item& item = at(gone.kind, gone.id);
      if (item.state.found && *item.state.found > run.started) continue;  // it is there again
      if (item.state.path.empty()) item.state.path = gone.path;
      item.state.is_gone = true;
      item.is_still_there = gone.still_there;
    }
  }

  void add_found() {
    for (const Manifest* manifest : manifests_of(records_)) {  // from new to old
      for (const ManifestItem& found : manifest->items) {
        if (newest_manifest_of(records_, found.repository.path) != manifest) continue;
        Item& item = at(found.repository.kind, found.id);
        item.state.path = found.repository.path;
        item.state.store = found.repository.store;
        item.state.found = manifest->finished;
      }
    }
  }

  // What is known against it, the worst first.
  void judge(const Key& key, Item& item) {
    ItemState& state = item.state;
    if (state.path.empty()) state.path = key.first + "/" + key.second;  // no record tells
    if (!state.listed_by.empty()) {
      if (state.generation.empty()) return;
      add(state, Severity::kNote, "listed",
          "the policy lists it only (" + harmless(state.listed_by) + "): its copy of " +
              state.generation + " is not renewed",
          "");
      return;
    }
    judge_copy(item);
    judge_source(item);
    judge_last_try(item);
    judge_age(item);
    judge_proof(item);
    sort_findings(state.findings);
  }

  void judge_copy(Item& item) {
    ItemState& state = item.state;
    const std::string again = "copy it again: scripts/nightly";
    if (state.generation.empty()) {
      if (item.is_missing) {
        add(state, Severity::kFailure, "missing", "its copies have vanished from the dump root",
            again);
      } else if (item.copy != nullptr) {
        add(state, Severity::kFailure, "missing", "there is no current copy, only earlier ones",
            "repo-restore show " + state.id + from() + "; " + again);
      } else if (item.last == nullptr && is_at_work()) {
        add(state, Severity::kNote, "never", "it is new: a run that may copy it is at work", "");
      } else if (item.last == nullptr) {
        add(state, Severity::kFailure, "never", "it was found, and is in no copy",
            again + "; or name it in [policy]");
      } else {
        add(state, Severity::kFailure, "never", "it is in no copy", again);
      }
      return;
    }
    const Generation& current = item.copy->generations.front();
    if (!current.record) {
      add(state, Severity::kFailure, "unreadable",
          "the record of its copy cannot be read: " + harmless(current.unreadable), again);
      return;
    }
    const std::vector<std::string>& empty = records_.without_data;
    if (std::find(empty.begin(), empty.end(), item.copy->kind + "/" + item.copy->id) !=
        empty.end()) {
      add(state, Severity::kFailure, "damaged", "its copy has lost its data or its SHA256SUMS",
          again);
      return;
    }
    const bool was_good = item.last != nullptr && is_success(item.last->status);
    if (was_good && item.last->generation > state.generation) {
      add(state, Severity::kFailure, "exchanged",
          "the last run left the copy of " + harmless(item.last->generation) +
              ", and an older one is in its place: " + state.generation,
          again);
    }
    for (const std::string& reason : current.record->frozen) {
      add(state, Severity::kWarning, "frozen", "no older copy is removed: " + harmless(reason),
          "look at it; if that is as it should be: " + std::string(kNightly) + "--accept " +
              state.id);
    }
  }

  // For commands: what they would not find by themselves.
  std::string from() const {
    return records_.dir == DumpOptions().to ? "" : " --from " + printable(records_.dir);
  }

  bool is_at_work() const {
    return !records_.runs.empty() && records_.runs.front().run.state == RunState::kRunning;
  }

  // What has become of the repository itself.
  void judge_source(Item& item) {
    ItemState& state = item.state;
    const std::string look =
        "look at it; the copy: repo-restore restore " + state.id + from() + " --to NEW";
    if (item.is_still_there) {
      add(state, Severity::kFailure, "broken",
          "its directory is there, and no repository any more: it may be damaged", look);
    } else if (state.is_gone) {
      add(state, Severity::kNote, "gone", "its source is gone; the copy stays",
          "if it is not needed any more: " + std::string(kNightly) + "--forget " + state.id);
    } else if (!state.found) {
      for (const Error& error : scan_errors_) {
        if (!is_within(error.path, state.path)) continue;
        add(state, Severity::kFailure, "broken", "it may be damaged: cannot " + harmless(error),
            look);
        return;
      }
    }
  }

  void judge_last_try(Item& item) {
    ItemState& state = item.state;
    if (item.last == nullptr) {
      if (!state.found || state.generation.empty()) return;
      add(state, Severity::kWarning, "unknown", "no run on record has taken it on",
          "copy it again: scripts/nightly");
      return;
    }
    const ItemResult& last = *item.last;
    switch (last.status) {
      case ItemStatus::kFailed:
        add_failure(state, Severity::kFailure, "failed", last);
        break;
      case ItemStatus::kVanished:
        add_failure(state, Severity::kWarning, "vanished", last);
        break;
      case ItemStatus::kSkipped:
        if (last.error) add_failure(state, Severity::kWarning, "skipped", last);
        break;
      case ItemStatus::kCopied:
      case ItemStatus::kUnchanged:
        if (last.error) add_failure(state, Severity::kWarning, "copied and", last);
        if (!last.is_alarming) break;
        if (is_of(state.findings, "frozen")) break;  // the note says the same
        for (const std::string& note : last.notes) {
          add(state, Severity::kWarning, "changed", harmless(note), "");
        }
        break;
    }
  }

  static void add_failure(ItemState& state, Severity severity, const char* what,
                          const ItemResult& last) {
    Finding finding{severity, what, "it could not be copied",
                    state.kind == "postgres"
                        ? "docs/postgres.md says what helps: what was copied before stays"
                        : "look at the repository with its own tool: what was copied before stays"};
    if (last.error) {
      finding.text = harmless(last.error->message);
      finding.output = last.error->output;
    }
    state.findings.push_back(std::move(finding));
  }

  void judge_age(Item& item) {
    ItemState& state = item.state;
    if (state.is_gone || state.generation.empty()) return;
    if (item.confirmed && now_ - *item.confirmed <= options_.expect) return;
    const std::string age =
        item.confirmed ? "the last good copy is " + age_text(*item.confirmed, now_) + " old"
                       : std::string("when it was last copied is not known");
    add(state, Severity::kFailure, "old",
        age + "; one every " + duration_text(options_.expect) + " is expected",
        "see what the last runs say of it, and whether there were any");
  }

  void judge_proof(Item& item) {
    ItemState& state = item.state;
    if (state.generation.empty()) return;
    const CopiedItem& copy = *item.copy;
    const std::string& current = copy.generations.front().stamp;
    if (!copy.unreadable_proof.empty()) {
      add(state, Severity::kFailure, "unproven",
          "what is proven of it cannot be read: " + harmless(copy.unreadable_proof), "");
      return;
    }
    const bool is_damaged = copy.proof.bad.contains(current);
    if (const std::string* why = copy.proof.why_bad(current)) {
      add(state, Severity::kFailure, is_damaged ? "damaged" : "unusable",
          (is_damaged ? "its copy is damaged: " : "a drill could not use its copy: ") +
              harmless(*why),
          is_damaged
              ? "the next run copies it anew; whole ones: repo-restore show " + state.id + from()
              : "try it by hand: " + std::string(kDrill) + state.id + from());
      return;
    }
    const bool is_proven = state.proven && now_ - *state.proven <= options_.proof_age;
    if (is_proven) return;
    const bool is_young = item.known_since && now_ - *item.known_since <= options_.proof_age;
    std::string text =
        state.proven ? "the last drill that passed was " + age_text(*state.proven, now_) + " ago"
                     : std::string("no drill has passed yet");
    const std::optional<DrillResult>& drill = state.drill;
    if (drill && drill->state != DrillState::kPassed) {
      text += fmt::format("; the last one {} ago {}: {}", age_text(drill->time, now_),
                          drill->state == DrillState::kFailed ? "failed" : "could not be run",
                          harmless(drill->error));
    }
    add(state, is_young && !state.proven ? Severity::kNote : Severity::kWarning, "unproven", text,
        std::string(kDrill) + state.id + from());
  }

  static void add(ItemState& state, Severity severity, const char* what, std::string text,
                  std::string todo) {
    state.findings.push_back({severity, what, std::move(text), std::move(todo)});
  }

  const Records& records_;
  const StatusOptions& options_;
  UtcTime now_;
  const std::vector<Error> scan_errors_;
  std::map<Key, Item> items_;
};

}  // namespace

std::string harmless(const std::string& text) {
  const std::string escaped = printable(text);
  const auto backslashes = std::count(text.begin(), text.end(), '\\');
  const bool is_plain = escaped.size() == text.size() + static_cast<std::size_t>(backslashes);
  return is_plain ? text : escaped;
}

std::string harmless(const Error& error) {
  Error plain = error;
  plain.message = harmless(error.message);
  return describe(plain);
}

void sort_findings(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
}

std::vector<ItemState> item_states(const Records& records, const StatusOptions& options,
                                   UtcTime now) {
  return Builder(records, options, now).build();
}

}  // namespace repo
