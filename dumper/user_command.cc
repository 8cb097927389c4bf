#include "dumper/user_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/text.h"
#include "base/trust.h"
#include "dumper/dumper.h"
#include "scanner/user_pattern.h"
#include "scanner/user_program.h"

namespace repo {
namespace {

constexpr const char* kCannotTell = "run";  // op of what says nothing of a copy
constexpr const char* kSaysNo = "copy";

// What a CommandResult keeps at most.
constexpr std::size_t kMostOut = std::size_t{1} << 20;
constexpr std::size_t kMostErr = std::size_t{64} << 10;
constexpr int kNotExecutable = 126;  // sh(1)
constexpr int kNotFound = 127;
constexpr int kShellSignal = 128;

// Nobody but root or the account could have written it; its folders too.
Status check_owner(const std::string& path, const std::optional<Account>& account) {
  Status trusted = check_trusted(path);
  if (trusted || !account || geteuid() != 0) return trusted;
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) return system_error("stat", path, errno);
  const bool is_own = st.st_uid == account->uid && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return is_own ? Status() : trusted;
}

std::string first_words(std::string_view text) {
  constexpr std::size_t kMost = 300;
  return std::string(text.substr(0, kMost));
}

}  // namespace

Result<UniqueFd> open_scripts(const UserKind& kind) {
  UniqueFd folder(open(kind.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_error("open", kind.folder, errno);
  return folder;
}

Result<std::vector<UniqueFd>> bind_folders(const UserKind& kind, const char* field,
                                           const std::vector<std::string>& folders,
                                           Command& command) {
  std::vector<UniqueFd> opened;
  for (const std::string& path : folders) {
    const auto told = [&](Error error) {
      error.op = kCannotTell;
      error.path = path;
      error.message += fmt::format(", which \"{}\" of {} names", field, kind.file);
      return error;
    };
    const Result<std::string> way = trusted_way(path);
    if (!way) return told(way.error());
    // A directory that others may write to (/tmp) is on a way that is trusted: its entries may be
    // exchanged.
    UniqueFd folder(open(way->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return told(system_error("", path, errno));
    command.binds.push_back({folder.get(), path, false});
    opened.push_back(std::move(folder));
  }
  return opened;
}

Status check_program(const UserKind& kind, const std::string& program,
                     const std::optional<Account>& account) {
  const Result<std::string> path = find_program(kind, program);
  return path ? check_owner(*path, account) : Status(path.error());
}

std::optional<Error> judge(const UserCommand& command, const std::string& what,
                           const CommandResult& result) {
  using End = CommandResult::End;
  const auto failure = [&](const char* op, const std::string& why) {
    Error error = plain_error(op, "", what + ": " + why);
    error.output = result.err;
    return error;
  };
  if (result.end == End::kStopped) return plain_error("", "", "stopped");
  if (result.end == End::kNoRoom) {
    return plain_error("", "", what + ": ended by us: it writes more than there is room for it");
  }
  if (result.end == End::kOverdue && command.timeout) {
    return failure(kCannotTell, "ended by us: it took longer than its \"timeout\" or --max-time");
  }
  if (result.end != End::kExited) {
    // Of memory that runs out a tool dies by this one.
    const bool is_own = result.end == End::kSignalled && result.code != SIGKILL;
    return failure(is_own ? kSaysNo : kCannotTell, describe(result));
  }
  if (result.code == kNotFound) {
    return failure(kCannotTell, "a program is not there (" + describe(result) + ")");
  }
  if (result.code == kNotExecutable) {
    return failure(kCannotTell, "a program cannot be executed (" + describe(result) + ")");
  }
  if (std::find(command.exit_codes.begin(), command.exit_codes.end(), result.code) ==
      command.exit_codes.end()) {
    const bool is_killed = result.code == kShellSignal + SIGKILL;
    const bool is_signal = result.code > kShellSignal && result.code < kShellSignal + NSIG;
    const std::string by =
        is_signal ? fmt::format("a program in it ended by signal {}, ", result.code - kShellSignal)
                  : std::string();
    return failure(is_killed ? kCannotTell : kSaysNo, by + describe(result));
  }
  for (const std::string& pattern : command.fail_if) {
    for (const std::string* output : {&result.out, &result.err}) {
      if (const auto line = find_line(pattern, *output)) {
        return failure(kSaysNo, fmt::format("exit status {}, but it says \"{}\", as \"fail_if\" "
                                            "has it",
                                            result.code, first_words(*line)));
      }
    }
  }
  const bool has_patterns = !command.fail_if.empty() || !command.must_say.empty();
  if (has_patterns && (result.out.size() >= kMostOut || result.err.size() >= kMostErr)) {
    return failure(kCannotTell,
                   "it printed more than can be looked through for \"fail_if\" and \"must_say\"");
  }
  for (const std::string& pattern : command.must_say) {
    if (find_line(pattern, result.out) || find_line(pattern, result.err)) continue;
    const std::string words = describe(result);
    return failure(kSaysNo, fmt::format("no line of its output is \"{}\", as \"must_say\" has it: "
                                        "{}",
                                        pattern, words));
  }
  return std::nullopt;
}

bool is_of_the_copy(const Error& error) { return error.op == kSaysNo; }

std::vector<std::pair<std::string, std::string>> user_environment(const UserKind& kind,
                                                                  const TemplateValues& values) {
  std::vector<std::pair<std::string, std::string>> filled;
  for (const auto& [name, value] : kind.environment) {
    // A kind without a mistake has no {match.N} here, so nothing can be missing.
    filled.emplace_back(name, *fill_template(value, values));
  }
  return filled;
}

namespace {

// One command, for one match or for none.
class OneCommand {
 public:
  OneCommand(const UserKind& kind, const UserCommand& asked, std::string what,
             const UserPlace& place)
      : kind_(kind), asked_(asked), what_(std::move(what)), place_(place) {}

  Result<std::string> run(const std::optional<std::string>& match,
                          const CommandRunner& runner) const {
    TemplateValues values = place_.values;
    values.match = match;
    Command command = place_.base;
    if (Status programmed = set_program(command); !programmed) return programmed.error();
    for (std::size_t i = 1; i < asked_.argv.size(); ++i) {
      Result<std::string> argument = fill_template(asked_.argv[i], values);
      if (!argument) return told(argument.error());
      command.argv.push_back(*std::move(argument));
    }
    if (asked_.timeout) {
      command.patience.deadline =
          std::min(command.patience.deadline, std::chrono::steady_clock::now() + *asked_.timeout);
      command.patience.stall = std::min(command.patience.stall, *asked_.timeout);
    }
    const Result<std::vector<UniqueFd>> programs =
        bind_folders(kind_, "programs", kind_.programs, command);
    if (!programs) return programs.error();
    UniqueFd scripts;
    if (is_script(asked_.argv[0])) {
      Result<UniqueFd> opened = open_scripts(kind_);
      if (!opened) return told(opened.error());
      scripts = *std::move(opened);
      command.binds.push_back({scripts.get(), kScriptsAt, false});
    }
    const Result<UniqueFd> output = open_output(values);
    if (!output) return output.error();
    command.output = output->get();
    const CommandResult result = runner.run(command);
    if (auto error = judge(asked_, what_ + (match ? " (" + *match + ")" : ""), result)) {
      return *std::move(error);
    }
    return result.out;
  }

 private:
  Error told(Error error) const {
    error.op = kCannotTell;
    error.message = what_ + ": " + error.message;
    return error;
  }

  Status set_program(Command& command) const {
    const std::string& program = asked_.argv[0];
    Status fine = check_program(kind_, program, command.account);
    if (!fine) {
      Error error = fine.error();
      error.message = what_ + ": " + error.message;
      return error;
    }
    command.argv = {is_script(program) ? join_path(kScriptsAt, program.substr(2)) : program};
    return {};
  }

  Result<UniqueFd> open_output(const TemplateValues& values) const {
    if (asked_.output.empty()) return UniqueFd();
    const Result<std::string> name = fill_template(asked_.output, values);
    if (!name) return told(name.error());
    if (name->empty() || *name == "." || *name == ".." || name->find('/') != std::string::npos) {
      return plain_error(kCannotTell, *name, what_ + ": \"output\" is no name of a file");
    }
    constexpr mode_t kPrivate = 0600;
    UniqueFd file(openat(place_.output_folder, name->c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivate));
    if (!file) return system_error("create", *name, errno);
    return file;
  }

  const UserKind& kind_;
  const UserCommand& asked_;
  const std::string what_;
  const UserPlace& place_;
};

}  // namespace

Result<std::string> run_user_commands(const UserKind& kind, const std::string& step,
                                      const UserCommands& commands, const UserPlace& place,
                                      const CommandRunner& runner) {
  std::string printed;
  for (const UserCommand& each : commands) {
    const OneCommand command(kind, each, step + ": " + each.argv[0], place);
    std::vector<std::optional<std::string>> matches = {std::nullopt};
    if (each.each_match) {
      if (place.values.matches.empty()) {
        return plain_error(kSaysNo, "", step + ": no file there that the signature matches");
      }
      matches.assign(place.values.matches.begin(), place.values.matches.end());
    }
    for (const std::optional<std::string>& match : matches) {
      if (match && place.only_match && *match != *place.only_match) continue;
      Result<std::string> said = command.run(match, runner);
      if (!said) return said;
      printed += *said;
    }
  }
  return printed;
}

}  // namespace repo
