#include "scanner/postgres_facts.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "base/number.h"
#include "base/text.h"

namespace repo {
namespace {

// PG_CONTROL_VERSION of 9.2 to 18; in between, the first fields and the states are the same.
constexpr std::array<std::uint32_t, 9> kControlVersions = {922,  937,  942,  960, 1002,
                                                           1100, 1201, 1300, 1700};
constexpr std::uint32_t kControlVersion18 = 1800;

// DBState, in the order of its values.
constexpr std::array<const char*, 7> kStates = {
    "starting up",       "shut down",           "shut down in recovery", "shutting down",
    "in crash recovery", "in archive recovery", "in production"};

template <typename Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view without_blanks_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

// Each argument of the command, which are in quotes that nothing escapes.
std::vector<std::string_view> arguments_of(std::string_view text) {
  constexpr std::string_view kBetween = " \"";
  std::vector<std::string_view> arguments;
  std::string_view line = without_blanks_behind(text.substr(0, text.find('\n')));
  while (line.size() >= 2) {
    const std::size_t begin = line.find(kBetween);
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin + kBetween.size());
    std::size_t end = line.find("\" \"");
    if (end == std::string_view::npos) end = line.rfind('"');
    if (end == std::string_view::npos) break;
    arguments.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return arguments;
}

}  // namespace

std::optional<PostgresVersion> parse_pg_version(std::string_view text) {
  const std::string_view line = without_blanks_behind(text.substr(0, text.find('\n')));
  const std::size_t dot = line.find('.');
  const auto major = to_number<std::uint32_t>(line.substr(0, dot));
  constexpr std::uint32_t kMost = 1000;
  constexpr std::uint32_t kFirstOfOneNumber = 10;
  if (!major || *major == 0 || *major >= kMost) return std::nullopt;
  std::uint32_t number = *major * 10000;
  if ((dot == std::string_view::npos) != (*major >= kFirstOfOneNumber)) return std::nullopt;
  if (dot != std::string_view::npos) {
    const auto second = to_number<std::uint32_t>(line.substr(dot + 1));
    if (!second || *second >= 100) return std::nullopt;
    number += *second * 100;
  }
  return PostgresVersion{std::string(line), number};
}

std::optional<PostgresControl> parse_pg_control(std::string_view bytes) {
  if (bytes.size() < kControlBytes) return std::nullopt;
  PostgresControl control;
  control.system_identifier = number_at<std::uint64_t>(bytes, 0);
  control.control_version = number_at<std::uint32_t>(bytes, 8);
  control.catalog_version = number_at<std::uint32_t>(bytes, 12);
  const auto state = number_at<std::uint32_t>(bytes, 16);
  const bool is_known = control.control_version == kControlVersion18 ||
                        std::find(kControlVersions.begin(), kControlVersions.end(),
                                  control.control_version) != kControlVersions.end();
  if (!is_known || state >= kStates.size()) return std::nullopt;
  control.state = kStates.at(state);
  return control;
}

std::optional<PostmasterPid> parse_postmaster_pid(std::string_view text) {
  PostmasterPid result;
  std::array<std::string_view, 8> lines;
  for (std::string_view& line : lines) line = without_blanks_behind(take_line(text));
  const auto [pid, directory, started, port, socket, listens, memory, status] = lines;
  const auto number = to_number<std::int64_t>(pid);
  if (!number || *number == 0 || *number == std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  // A server in single-user mode writes its number as a negative one.
  result.pid = static_cast<std::uint64_t>(*number < 0 ? -*number : *number);
  result.data_directory = directory;
  result.port = to_number<std::uint16_t>(port);
  if (result.port == 0) result.port.reset();
  // '@': in the abstract namespace.
  if (socket.starts_with('/') || socket.starts_with('@')) result.socket = socket;
  for (const char* known : {"starting", "stopping", "ready", "standby"}) {
    if (status == known) result.status = status;
  }
  return result;
}

// The program, and each argument as ` "ARGUMENT"`, with nothing escaped.
std::optional<std::string> parse_config_file(std::string_view text) {
  std::optional<std::string> found;
  for (std::string_view argument : arguments_of(text)) {
    if (argument.starts_with("-c")) argument.remove_prefix(2);
    if (argument.starts_with("--")) argument.remove_prefix(2);
    for (const std::string_view key : {"config_file=", "config-file="}) {
      if (!argument.starts_with(key)) continue;
      const std::string_view value = argument.substr(key.size());
      if (value.starts_with('/')) found = std::string(value);  // the last one counts
    }
  }
  return found;
}

std::optional<std::string> parse_start_folder(std::string_view text) {
  std::optional<std::string> found;
  bool is_next = false;
  for (std::string_view argument : arguments_of(text)) {
    const bool is_joined = argument.starts_with("-D/");
    if (is_joined) argument.remove_prefix(2);
    if ((is_next || is_joined) && argument.starts_with('/')) found = std::string(argument);
    is_next = argument == "-D";
  }
  return found;
}

}  // namespace repo
