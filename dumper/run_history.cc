#include "dumper/run_history.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "base/text.h"

namespace repo {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestCode = 255;  // that a process can end with

// One object of the record whose values are plain, or lists of texts: an item, the summary.
struct Flat {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::map<std::string, double, std::less<>> numbers;
  std::map<std::string, bool, std::less<>> flags;
  std::map<std::string, std::vector<std::string>, std::less<>> lists;

  std::string text(std::string_view key) const {
    const auto found = texts.find(key);
    return found == texts.end() ? std::string() : found->second;
  }
  std::uint64_t count(std::string_view key) const {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
  double number(std::string_view key) const {
    const auto found = numbers.find(key);
    return found == numbers.end() ? static_cast<double>(count(key)) : found->second;
  }
  bool flag(std::string_view key) const {
    const auto found = flags.find(key);
    return found != flags.end() && found->second;
  }
  std::vector<std::string> list(std::string_view key) const {
    const auto found = lists.find(key);
    return found == lists.end() ? std::vector<std::string>() : found->second;
  }
  // As put_bytes() has written it.
  std::string bytes(std::string_view key) const {
    const std::string exact = text(std::string(key) + "_b64");
    return exact.empty() ? text(key) : base64_decode(exact).value_or(text(key));
  }
};

ItemStatus status_of(const std::string& word) {
  for (const ItemStatus each :
       {ItemStatus::kCopied, ItemStatus::kUnchanged, ItemStatus::kVanished, ItemStatus::kSkipped}) {
    if (word == name_of(each)) return each;
  }
  return ItemStatus::kFailed;  // also a word that is not known here: it is no success
}

ItemResult item_of(const Flat& flat) {
  ItemResult item;
  item.id = flat.text("id");
  item.kind = flat.text("kind");
  item.path = flat.bytes("path");
  item.status = status_of(flat.text("status"));
  item.seconds = flat.number("seconds");
  item.bytes = flat.count("bytes");
  item.bytes_written = flat.count("bytes_written");
  item.generation = flat.text("generation");
  item.notes = flat.list("notes");
  item.is_alarming = flat.flag("alarming");
  item.listed_by = flat.text("listed_by");
  if (const std::string error = flat.text("error"); !error.empty()) {
    item.error = plain_error("", "", error);
    for (const std::string& line : flat.list("tool_output")) item.error->output += line + "\n";
  }
  return item;
}

GoneCopy gone_of(const Flat& flat) {
  return {flat.text("id"),       flat.text("kind"),       flat.bytes("path"),
          flat.count("bytes"),   flat.text("generation"), flat.flag("still_there"),
          flat.flag("forgotten")};
}

RunSummary summary_of(const Flat& flat) {
  RunSummary summary;
  summary.scan_complete = flat.flag("scan_complete");
  if (const auto time = parse_rfc3339(flat.text("started"))) summary.started = *time;
  if (const auto time = parse_rfc3339(flat.text("finished"))) summary.finished = *time;
  for (const ItemStatus status : {ItemStatus::kCopied, ItemStatus::kUnchanged, ItemStatus::kFailed,
                                  ItemStatus::kVanished, ItemStatus::kSkipped}) {
    summary.counts[status] = flat.count(name_of(status));
  }
  summary.listed = flat.count("listed");
  summary.gone = flat.count("gone");
  summary.bytes = flat.count("bytes");
  summary.bytes_written = flat.count("bytes_written");
  summary.seconds = flat.number("seconds");
  const auto code = flat.counts.find("exit_status");
  // A summary that does not say how the run ended is none of a good run.
  summary.exit_status =
      code == flat.counts.end() ? 1 : static_cast<int>(std::min(code->second, kLargestCode));
  return summary;
}

// Reads the record as it is parsed: a tree of it would take most of the time of a report, which
// reads dozens of records of thousands of items.
class RecordReader : public nlohmann::json_sax<Json> {
 public:
  bool null() override {
    return value([](Flat&, const std::string&) {});
  }
  bool boolean(bool flag) override {
    return value([&](Flat& flat, const std::string& key) { flat.flags[key] = flag; });
  }
  bool number_integer(number_integer_t number) override {
    return number_float(static_cast<double>(number), {});
  }
  bool number_unsigned(number_unsigned_t number) override {
    return value([&](Flat& flat, const std::string& key) { flat.counts[key] = number; });
  }
  bool number_float(number_float_t number, const string_t&) override {
    return value([&](Flat& flat, const std::string& key) { flat.numbers[key] = number; });
  }
  bool string(string_t& text) override {
    if (in_list_ && depth_ == list_depth()) part_.lists[list_key_].push_back(std::move(text));
    return value([&](Flat& flat, const std::string& key) { flat.texts[key] = std::move(text); });
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    ++depth_;
    if (depth_ == kOfPart && !in_array_) part_ = Flat();
    if (depth_ == kOfEntry && in_array_) part_ = Flat();
    return depth_ < kDeepest;
  }
  bool key(string_t& key) override {
    if (depth_ == 1) top_key_ = key;
    key_ = std::move(key);
    return true;
  }
  bool end_object() override {
    if (depth_ == kOfPart && !in_array_ && top_key_ == "summary") run.summary = summary_of(part_);
    if (depth_ == kOfEntry && in_array_) add_entry();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    ++depth_;
    if (depth_ == kOfPart) in_array_ = true;
    if (depth_ == list_depth()) {
      in_list_ = true;
      list_key_ = key_;
    }
    return depth_ < kDeepest;
  }
  bool end_array() override {
    if (depth_ == list_depth()) in_list_ = false;
    if (depth_ == kOfPart) in_array_ = false;
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  PastRun run;
  Flat top;

 private:
  // Depths: the record 1; in it objects and arrays 2; objects in those arrays 3.
  static constexpr int kOfPart = 2;
  static constexpr int kOfEntry = 3;
  static constexpr int kDeepest = 64;

  int list_depth() const { return in_array_ ? kOfEntry + 1 : kOfPart + 1; }

  bool value(const std::function<void(Flat&, const std::string&)>& put) {
    if (depth_ == 1) {
      put(top, key_);
    } else if (depth_ == (in_array_ ? kOfEntry : kOfPart)) {
      put(part_, key_);
    }
    return true;
  }

  void add_entry() {
    if (top_key_ == "items") run.items.push_back(item_of(part_));
    if (top_key_ == "gone") run.gone.push_back(gone_of(part_));
  }

  int depth_ = 0;
  bool in_array_ = false;  // "items" or "gone"
  bool in_list_ = false;   // a list in an entry: its texts are read, and nothing else in it
  std::string top_key_;
  std::string key_;
  std::string list_key_;
  Flat part_;
};

Flat flat_of(const Json& object) {
  Flat flat;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) flat.texts[key] = value.get<std::string>();
    if (value.is_boolean()) flat.flags[key] = value.get<bool>();
    if (value.is_number_unsigned()) {
      flat.counts[key] = value.get<std::uint64_t>();
    } else if (value.is_number()) {
      flat.numbers[key] = value.get<double>();
    }
  }
  return flat;
}

constexpr std::pair<RunState, const char*> kStateWords[] = {
    {RunState::kRunning, "running"}, {RunState::kEnded, "ended"}, {RunState::kDied, "died"}};

void add_run_line(const Flat& flat, Ledger& ledger, std::map<std::string, std::size_t>& known) {
  const std::string run = flat.text("run");
  const auto [found, is_new] = known.try_emplace(run, ledger.runs.size());
  if (is_new) ledger.runs.emplace_back().run = run;
  LedgerRun& entry = ledger.runs[found->second];
  const std::optional<UtcTime> time = parse_rfc3339(flat.text("time"));
  const std::string state = flat.text("state");
  if (state == "began") {
    entry.began = time;
    entry.owed = flat.count("owed");
    return;
  }
  entry.ended = time;
  entry.state = state == "ended" ? RunState::kEnded : RunState::kDied;
  if (state == "ended") {
    entry.summary = summary_of(flat);
    if (time) entry.summary->finished = *time;
    ledger.unreadable = 0;
  }
}

std::optional<LedgerNight> night_of(const Json& line, const Flat& flat) {
  const std::optional<UtcTime> time = parse_rfc3339(flat.text("time"));
  const auto ended = line.find("ended");
  if (!time || ended == line.end() || !ended->is_array()) return std::nullopt;
  LedgerNight night{*time, {}};
  for (const Json& each : *ended) {
    if (!each.is_object()) return std::nullopt;
    const Flat tool = flat_of(each);
    const auto code = tool.counts.find("exit_status");
    // What does not say how a tool ended is no line: 0 would be a success.
    if (code == tool.counts.end() || code->second > kLargestCode) return std::nullopt;
    night.ended.emplace_back(tool.text("tool"), static_cast<int>(code->second));
  }
  return night;
}

bool add_drill(std::string_view text, Ledger& ledger) {
  std::optional<DrillResult> drill = read_drill_line(text);
  if (drill) ledger.drills.push_back(*std::move(drill));
  return drill.has_value();
}

// As drill_line() writes it.
constexpr std::string_view kDrillLine = R"({"message_type":"drill",)";

// False where it is no line of a ledger.
bool add_line(std::string_view text, Ledger& ledger, std::map<std::string, std::size_t>& known) {
  // The parser takes a NUL for the end; a crash leaves zeros.
  if (text.find('\0') != std::string_view::npos) return false;
  if (text.starts_with(kDrillLine)) return add_drill(text, ledger);  // most are: parsed once
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object()) return false;
  const Flat flat = flat_of(line);
  const std::string type = flat.text("message_type");
  if (type == "run") {
    add_run_line(flat, ledger, known);
  } else if (type == "drill") {
    return add_drill(text, ledger);
  } else if (type == "night") {
    std::optional<LedgerNight> night = night_of(line, flat);
    if (!night) return false;
    ledger.nights.push_back(*std::move(night));
  }
  return true;
}

}  // namespace

const char* name_of(RunState state) {
  for (const auto& [each, word] : kStateWords) {
    if (each == state) return word;
  }
  return "";
}

Result<PastRun> read_run_record(std::string_view text) {
  RecordReader reader;
  if (!Json::sax_parse(text, &reader)) {
    return plain_error("read", "", "it is cut short, or no JSON");
  }
  if (reader.top.text("format") != "repo-backup/run") return plain_error("read", "", "no record");
  if (reader.top.count("version") != 1) {
    return plain_error("read", "", "it is of another version: a newer repo-backup has written it");
  }
  PastRun run = std::move(reader.run);
  const std::optional<UtcTime> started = parse_rfc3339(reader.top.text("started"));
  if (!started) return plain_error("read", "", "it does not say when the run began");
  run.started = *started;
  run.host = reader.top.text("host");
  const std::string state = reader.top.text("state");
  const auto* word = std::find_if(std::begin(kStateWords), std::end(kStateWords),
                                  [&](const auto& each) { return each.second == state; });
  const bool is_known = word != std::end(kStateWords);
  if (!is_known || (word->first == RunState::kEnded) != run.summary.has_value()) {
    return plain_error("read", "", "its state is none that a run can have");
  }
  run.state = word->first;
  return run;
}

Ledger read_ledger(std::string_view text) {
  Ledger ledger;
  std::map<std::string, std::size_t> known;
  bool is_first = true;
  while (!text.empty()) {
    const bool is_whole = text.find('\n') != std::string_view::npos;
    const std::string_view line = take_line(text);
    if (!line.empty() && !add_line(line, ledger, known) && !is_first && is_whole) {
      ++ledger.unreadable;
    }
    is_first = false;
  }
  return ledger;
}

std::string ledger_line(const LedgerNight& night) {
  nlohmann::ordered_json object;
  object["message_type"] = "night";
  object["time"] = rfc3339(night.time);
  object["ended"] = nlohmann::ordered_json::array();
  for (const auto& [tool, code] : night.ended) {
    object["ended"].push_back({{"tool", readable(tool)}, {"exit_status", code}});
  }
  return object.dump() + "\n";
}

}  // namespace repo
