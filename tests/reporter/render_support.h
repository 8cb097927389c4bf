// Reports to render: a good one, one with hostile names all over, one of thousands of failures.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/bytes_path.h"
#include "tests/reporter/report_support.h"

namespace repo::test {

// Everything that a line, a terminal, a page or a quoted text could take for its own.
inline constexpr const char* kNasty =
    "/srv/x\nFAILED y\r\t\x1b[31m|\"'<b>&amp;]]>\\\x7f\xC2\x9B\xE2\x80\xAE\xE2\x80\xA8\xff\xC3(";

inline Report rendered_good_report() { return report_of(good_records()); }

inline Report test_report() {
  Report report = rendered_good_report();
  report.is_test = true;
  return report;
}

inline Report rendered_failed_report() {
  Records records = good_records();
  ItemResult& last = records.runs.front().run.items.front();
  last = result_of(records.items[0], ItemStatus::kFailed);
  last.error->output = "first\nE160004: broken\n";
  records.runs.front().run.summary->exit_status = 3;
  records.runs.front().run.summary->counts = {{ItemStatus::kCopied, 1}, {ItemStatus::kFailed, 1}};
  return report_of(records);
}

inline Report many_failures(std::size_t count = 5000) {
  Records records;
  records.dir = "/var/data_backup";
  std::vector<ItemResult> results;
  std::vector<ManifestItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    records.items.push_back(copied("/srv/" + std::to_string(i), std::chrono::hours(2)));
    results.push_back(result_of(records.items.back(), ItemStatus::kFailed));
    items.push_back(found("/srv/" + std::to_string(i)));
  }
  records.runs = {run_of(std::chrono::hours(2), results, 3)};
  records.manifest = manifest_of(std::chrono::hours(2), items);
  return report_of(records);
}

// Whatever comes from outside is kNasty.
inline Report nasty_report() {
  using namespace std::chrono_literals;
  const std::string nasty = kNasty;
  Records records = good_records();
  records.dir = nasty;
  records.items[0].path = nasty;
  records.items[0].generations[0].record->frozen = {nasty};
  ItemResult& last = records.runs[0].run.items[0];
  last = result_of(records.items[0], ItemStatus::kFailed);
  last.path = nasty;
  last.error = plain_error("", "", nasty);
  last.error->output = nasty + "\n" + nasty;
  ItemResult& changed = records.runs[0].run.items[1];
  changed.is_alarming = true;
  changed.notes = {nasty};
  records.items[1].proof.bad[records.items[1].generations[0].stamp] = nasty;
  // Their names are those of folders in the dump root.
  CopiedItem unreadable = copied("/srv/c", 2h, "s" + nasty.substr(4));
  unreadable.path.clear();
  unreadable.id = "i" + nasty.substr(4);
  unreadable.generations[0].record.reset();
  unreadable.generations[0].unreadable = nasty;
  records.items.push_back(unreadable);
  records.missing_copies = {"svn/gone" + nasty.substr(4)};
  records.runs[0].run.gone = {{"gone-id", "svn", nasty + "/gone", 1000, "x"}};
  records.runs[0].run.summary->exit_status = 3;
  records.ledger.nights = {{ago(1h), {{nasty, 1}}}};
  records.unreadable = {plain_error("read", nasty, "cut short")};
  records.future = {nasty};
  Manifest& manifest = *records.manifest;
  manifest.items = {found(nasty), found("/srv/b", "hg")};
  manifest.items[0].id = records.items[0].id;
  manifest.complete = false;
  manifest.errors = {plain_error("probe", nasty + "/broken", "no number")};
  manifest.pruned = {{nasty, nasty, true}};
  records.manifest_before = manifest_of(26h, {found("/srv/b", "hg")});
  return make_report(records, {}, kNow, nasty);
}

// What a terminal or a log must never be given raw; newlines are the renderer's own.
inline std::string raw_in(const std::string& text) {
  if (!is_utf8(text)) return "bytes that are no UTF-8";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) return "control " + std::to_string(byte);
  }
  for (const char* sign : {"\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8"}) {
    if (text.find(sign) != std::string::npos) return "C1, a bidirectional override, or a separator";
  }
  return "";
}

inline std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++count;
  }
  return count;
}

inline std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

}  // namespace repo::test
