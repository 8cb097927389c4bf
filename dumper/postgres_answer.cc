#include "dumper/postgres_answer.h"

#include "base/number.h"
#include "base/text.h"

namespace repo {
namespace {

constexpr std::size_t kServerValues = 16;
constexpr std::size_t kDatabaseValues = 5;

std::vector<std::string> split_at_nul(std::string_view text) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    values.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return values;
}

Error no_answer(const std::string& why) {
  return plain_error("list the databases", "", "the server's answer cannot be read: " + why);
}

// "150018" is 15, "90624" 9.6.
std::string major_from(std::uint32_t number) {
  constexpr std::uint32_t kTwoNumbers = 100000;
  if (number >= kTwoNumbers) return std::to_string(number / 10000);
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100);
}

}  // namespace

Result<PostgresAnswer> parse_postgres_answer(std::string_view text) {
  if (!text.ends_with('\0')) return no_answer("it is cut");
  const std::vector<std::string> values = split_at_nul(text);
  if (values.size() < kServerValues || (values.size() - kServerValues) % kDatabaseValues != 0) {
    return no_answer("it has another number of values");
  }
  PostgresAnswer answer;
  answer.version = values[0].substr(0, values[0].find(' '));
  const auto number = to_number<std::uint32_t>(values[1]);
  if (!number) return no_answer("no version");
  answer.major = major_from(*number);
  answer.system_identifier = values[2];
  answer.data_directory = values[3];
  std::size_t next = 4;
  for (std::string* text :
       {&answer.config_file, &answer.superuser, &answer.encoding, &answer.collate, &answer.ctype,
        &answer.checksums, &answer.lc_monetary, &answer.lc_numeric, &answer.lc_time,
        &answer.timezone, &answer.datestyle, &answer.of_all_roles}) {
    *text = values[next++];
  }
  for (std::size_t i = kServerValues; i < values.size(); i += kDatabaseValues) {
    PostgresDatabase database;
    database.name = values[i];
    if (database.name.empty()) return no_answer("a database without a name");
    database.connects = values[i + 1] == "t";
    database.is_invalid = values[i + 2] == "t";
    database.is_template = values[i + 3] == "t";
    database.bytes = to_number<std::uint64_t>(values[i + 4]);
    answer.databases.push_back(std::move(database));
  }
  return answer;
}

std::vector<PostgresDatabase> databases_to_dump(const PostgresAnswer& answer) {
  std::vector<PostgresDatabase> databases;
  for (const PostgresDatabase& each : answer.databases) {
    // A copy of what initdb made; whoever lets it be connected to has put something into it.
    const bool is_template0 = each.name == "template0" && each.is_template && !each.connects;
    if (!is_template0) databases.push_back(each);
  }
  return databases;
}

std::string why_not_dumped(const PostgresDatabase& database) {
  if (database.is_invalid)
    return "a DROP DATABASE that was interrupted left it half: drop it again";
  if (!database.connects) return "it does not allow connections (ALLOW_CONNECTIONS false)";
  return {};
}

Result<RowCounts> count_rows(std::string_view text) {
  RowCounts counts;
  if (!text.empty() && !text.ends_with('\n')) {
    return plain_error("count rows", "", "the list of counts is cut");
  }
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const auto rows = to_number<std::uint64_t>(line.substr(0, line.find('\t')));
    if (!rows || line.find("\t\"") == std::string_view::npos) {
      return plain_error("count rows", "", "a line of the counts is none");
    }
    ++counts.tables;
    counts.rows += *rows;
  }
  return counts;
}

}  // namespace repo
