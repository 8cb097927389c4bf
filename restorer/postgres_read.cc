#include "restorer/postgres_read.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/number.h"
#include "base/text.h"
#include "dumper/damage.h"
#include "dumper/postgres_answer.h"
#include "dumper/postgres_name.h"
#include "dumper/postgres_server.h"
#include "dumper/tree.h"

namespace repo {
namespace {

constexpr std::size_t kMostOfCluster = std::size_t{1} << 16;
constexpr std::size_t kMostOfRows = std::size_t{1} << 28;

Error wrong_cluster(const std::string& why) { return damage("data/cluster", why); }

// Parts of a path and of a command line.
bool is_version(const std::string& text) {
  return !text.empty() && text.front() != '.' && text.find("..") == std::string::npos &&
         text.find_first_not_of("0123456789.") == std::string::npos;
}

Result<RowCounts> counts_in(int data, const std::string& database) {
  const std::string path = "rows/" + database;
  const Result<std::string> text = read_small_file(data, path, kMostOfRows);
  if (!text) return damage("data/" + path, describe(text.error()));
  Result<RowCounts> counts = count_rows(*text);
  if (!counts) return damage("data/" + path, describe(counts.error()));
  return counts;
}

// initdb's option; since 18 it makes them unless it is told not to.
std::string checksums_option(const PostgresCopy& copy) {
  constexpr int kSince = 18;
  if (copy.checksums == "on") return "--data-checksums";
  const bool is_off = copy.checksums == "off" && to_number<int>(copy.major).value_or(0) >= kSince;
  return is_off ? "--no-data-checksums" : "";
}

// A word of sh(1), whatever is in it.
std::string quoted(const std::string& bytes) {
  std::string word = "'";
  for (const char c : bytes) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

Result<std::vector<std::string>> databases_in(int data) {
  const Result<UniqueFd> folder = open_beneath(data, "databases", O_RDONLY | O_DIRECTORY);
  if (!folder) return damage("data/databases", describe(folder.error()));
  Result<std::vector<std::string>> names = names_in(folder->get());
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!postgres_name_of(name)) return damage("data/databases/" + name, "no database's name");
  }
  return names;
}

}  // namespace

Result<PostgresCopy> parse_postgres_cluster(std::string_view text) {
  std::map<std::string, std::string, std::less<>> values;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return wrong_cluster("it has a line without a value");
    const std::string_view word = line.substr(blank + 1);
    const std::optional<std::string> value = word.empty() ? std::string() : postgres_name_of(word);
    if (!value) return wrong_cluster("it has a value that is not written as values are");
    values[std::string(line.substr(0, blank))] = *value;
  }
  PostgresCopy copy;
  for (const auto& [key, value] : {std::pair("version", &copy.version),
                                   {"major", &copy.major},
                                   {"system_identifier", &copy.system_identifier},
                                   {"superuser", &copy.superuser},
                                   {"encoding", &copy.encoding},
                                   {"collate", &copy.collate},
                                   {"ctype", &copy.ctype},
                                   {"data_checksums", &copy.checksums},
                                   {"lc_monetary", &copy.lc_monetary},
                                   {"lc_numeric", &copy.lc_numeric},
                                   {"lc_time", &copy.lc_time},
                                   {"timezone", &copy.timezone},
                                   {"datestyle", &copy.datestyle},
                                   {"method", &copy.method}}) {
    *value = values[key];
  }
  if (!is_version(copy.major)) return wrong_cluster("it names no major version");
  constexpr std::array<std::string_view, 3> kMethods = {"dump", "files", "basebackup"};
  if (std::find(kMethods.begin(), kMethods.end(), copy.method) == kMethods.end()) {
    return wrong_cluster("it names no method that is known here");
  }
  if (copy.is_dump() && copy.superuser.empty()) return wrong_cluster("it names no superuser");
  return copy;
}

Result<PostgresCopy> read_postgres_copy(int data) {
  const Result<std::string> text = read_small_file(data, "cluster", kMostOfCluster);
  if (!text) return wrong_cluster(describe(text.error()));
  Result<PostgresCopy> copy = parse_postgres_cluster(*text);
  if (!copy || !copy->is_dump()) return copy;
  Result<std::vector<std::string>> databases = databases_in(data);
  if (!databases) return databases.error();
  if (databases->empty()) return damage("data/databases", "there is none");
  copy->databases = *std::move(databases);
  return copy;
}

Status expect_as_recorded(int data, const PostgresCopy& copy, const Detail& recorded) {
  Detail found = {{"version", copy.version},
                  {"system_identifier", copy.system_identifier},
                  {"method", copy.method}};
  if (copy.is_dump()) {
    RowCounts sum;
    for (const std::string& database : copy.databases) {
      const Result<RowCounts> counts = counts_in(data, database);
      if (!counts) return counts.error();
      sum.tables += counts->tables;
      sum.rows += counts->rows;
    }
    found.emplace_back("databases", std::uint64_t{copy.databases.size()});
    found.emplace_back("tables", sum.tables);
    found.emplace_back("rows", sum.rows);
  }
  std::string keys;
  for (const auto& [key, value] : found) {
    const DetailValue* other = find_detail(recorded, key);
    if (other && *other != value) keys += (keys.empty() ? "" : ", ") + key;
  }
  if (keys.empty()) return {};
  return damage("data", "its fingerprint is not the recorded one: " + keys);
}

Result<std::string> postgres_binaries(const PostgresCopy& copy) {
  const std::string folder = postgres_programs(copy.major);
  for (const char* program : {"initdb", "postgres", "psql", "pg_restore", "pg_dump", "pg_ctl"}) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) continue;
    return plain_error("", "",
                       fmt::format("PostgreSQL {0} is not installed ({1} is missing): apt-get "
                                   "install postgresql-{0}",
                                   copy.major, folder + "/" + program));
  }
  return folder;
}

Script postgres_script(const PostgresCopy& copy, const std::string& binaries, std::uint32_t uid) {
  Script script;
  script.environment = {{"POSTGRES_BIN", binaries},
                        {"POSTGRES_SUPERUSER", copy.superuser},
                        {"POSTGRES_METHOD", copy.method},
                        {"POSTGRES_SESSION", kPostgresSession},
                        {"POSTGRES_ENCODING", copy.encoding.empty() ? "UTF8" : copy.encoding},
                        {"POSTGRES_COLLATE", copy.collate.empty() ? "C" : copy.collate},
                        {"POSTGRES_CTYPE", copy.ctype.empty() ? "C" : copy.ctype},
                        {"POSTGRES_CHECKSUMS", checksums_option(copy)},
                        {"POSTGRES_LC_MONETARY", copy.lc_monetary},
                        {"POSTGRES_LC_NUMERIC", copy.lc_numeric},
                        {"POSTGRES_LC_TIME", copy.lc_time},
                        {"POSTGRES_TIMEZONE", copy.timezone},
                        {"POSTGRES_DATESTYLE", copy.datestyle}};
  script.sockets = Sockets::kOwn;
  script.files = {{"/etc/passwd", fmt::format("postgres:x:{0}:{0}::/nonexistent:/bin/sh\n", uid)},
                  {"/etc/group", fmt::format("postgres:x:{}:\n", uid)}};
  return script;
}

std::string postgres_databases(const PostgresCopy& copy) {
  std::string text = fmt::format("databases={}\neach() {{\n", copy.databases.size());
  for (const std::string& database : copy.databases) {
    text += "  \"$1\" " + quoted(database) + " " +
            quoted(postgres_conninfo(*postgres_name_of(database), "", "")) + "\n";
  }
  return text + "}\n";
}

std::vector<std::string> postgres_notes(const ScriptResult& result) {
  std::vector<std::string> notes;
  for (const auto& [key, value] : result.facts) {
    if (key.starts_with("note.")) notes.push_back(printable(value));
  }
  return notes;
}

}  // namespace repo
