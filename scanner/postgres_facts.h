// What the small files of a PostgreSQL data directory say of a cluster. Pure: bytes in, values out.
//
// Sources: src/include/catalog/pg_control.h, src/bin/pg_controldata/pg_controldata.c (the words for
// states), src/include/utils/pidfile.h, src/backend/postmaster/postmaster.c (CreateOptsFile),
// src/backend/utils/init/miscinit.c (ValidatePgVersion). Everything here is a hint and no proof:
// the files may be old, copied with the data directory, or written by somebody who lies. What is
// not known is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace repo {

// PG_VERSION: "15" or, before 10, "9.6".
struct PostgresVersion {
  std::string text;          // as it stands there, without the newline
  std::uint32_t number = 0;  // 150000, 90600: as server_version_num has it, without the minor part
};
std::optional<PostgresVersion> parse_pg_version(std::string_view text);

// How much of global/pg_control is looked at.
inline constexpr std::size_t kControlBytes = 20;

// The beginning of global/pg_control, which is in the byte order of the machine that wrote it.
struct PostgresControl {
  std::uint64_t system_identifier = 0;
  std::uint32_t control_version = 0;
  std::uint32_t catalog_version = 0;
  std::string state;  // as pg_controldata says it: "in production", "shut down" …
};
// Nothing where the control version is not one whose layout is known (those of 9.2 to 18), or the
// state is none.
std::optional<PostgresControl> parse_pg_control(std::string_view bytes);

// postmaster.pid. A server that starts fills it line by line; after a crash it stays.
struct PostmasterPid {
  std::uint64_t pid = 0;
  std::string data_directory;           // as the server knows it; raw bytes
  std::optional<std::uint16_t> port{};  // also where it listens to no TCP: names the socket
  std::optional<std::string> socket{};  // the folder of its first socket; raw bytes
  std::optional<std::string> status{};  // "starting", "stopping", "ready", "standby"
};
// Nothing where the first line holds no number of a process.
std::optional<PostmasterPid> parse_postmaster_pid(std::string_view text);

// postmaster.opts, the command that started the server last: the absolute path of its config_file,
// where that was named. Debian's clusters name it, since their configuration lies in /etc.
std::optional<std::string> parse_config_file(std::string_view text);
// The absolute path of its -D: the data directory, or a folder with a configuration that names it.
std::optional<std::string> parse_start_folder(std::string_view text);

}  // namespace repo
