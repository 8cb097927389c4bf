// What a server says of itself and of its databases (postgres_list.sql). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

struct PostgresDatabase {
  std::string name;         // raw bytes
  bool connects = true;     // datallowconn
  bool is_invalid = false;  // left half by a DROP DATABASE that was interrupted
  bool is_template = false;
  std::optional<std::uint64_t> bytes{};  // where the role may connect to it
};

struct PostgresAnswer {
  std::string answered_at{};  // the database that was connected to
  std::string version;        // "15.18"
  std::string major;          // "15", "9.6"
  std::string system_identifier;
  std::string data_directory;  // empty: the role may not see it; likewise the next
  std::string config_file;
  std::string superuser;  // the bootstrap role, oid 10
  std::string encoding;   // of template1
  std::string collate;
  std::string ctype;
  std::string checksums;  // "on", "off"
  // The server's settings that decide how values are written and read.
  std::string lc_monetary;
  std::string lc_numeric;
  std::string lc_time;
  std::string timezone;
  std::string datestyle;
  std::string of_all_roles;  // ALTER ROLE ALL SET, which no dump has: "name=value; …"
  std::vector<PostgresDatabase> databases;
};

// The error says that it is no such answer.
Result<PostgresAnswer> parse_postgres_answer(std::string_view text);

// The databases that a copy of `answer` should hold: all but template0.
std::vector<PostgresDatabase> databases_to_dump(const PostgresAnswer& answer);

// Why a database cannot be dumped, whoever asks; empty: it can.
std::string why_not_dumped(const PostgresDatabase& database);

// What postgres_rows.sql has printed, whole lines: tables and rows; the error: it is something
// else.
struct RowCounts {
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
};
Result<RowCounts> count_rows(std::string_view text);

}  // namespace repo
