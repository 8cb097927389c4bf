#include "dumper/user_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/text.h"
#include "base/trust.h"
#include "dumper/dumper.h"
#include "scanner/user_pattern.h"

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

bool is_script(const std::string& program) { return program.starts_with("./"); }

std::string script_path(const UserKind& kind, const std::string& program) {
  return join_path(kind.folder, program.substr(2));
}

// Where the machine has it; empty where a name is in neither folder.
std::string find_on_machine(const UserKind& kind, const std::string& program) {
  if (is_script(program)) return script_path(kind, program);
  if (program.starts_with('/')) return program;
  for (const char* folder : {"/usr/bin/", "/bin/"}) {
    if (access((folder + program).c_str(), F_OK) == 0) return folder + program;
  }
  return "";
}

// What every sandbox has, and the kind's folders.
bool is_seen(const UserKind& kind, const std::string& path) {
  const auto is_in = [&](const std::string& folder) { return is_below(path, folder); };
  constexpr std::array<const char*, 6> kAlways = {"/usr", "/bin",   "/sbin",
                                                  "/lib", "/lib64", "/lib32"};
  return std::any_of(kAlways.begin(), kAlways.end(), is_in) ||
         std::any_of(kind.folders.begin(), kind.folders.end(), is_in);
}

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

Status check_program(const UserKind& kind, const std::string& program,
                     const std::optional<Account>& account) {
  const std::string path = find_on_machine(kind, program);
  const auto cannot = [&](const std::string& why) {
    return plain_error(kCannotTell, path.empty() ? program : path, why);
  };
  const std::string install =
      kind.package.empty() ? std::string() : ": apt-get install " + kind.package;
  if (path.empty()) return cannot("not installed, it is not in /usr/bin" + install);
  if (!is_script(program) && !is_seen(kind, path)) {
    return cannot("the sandbox does not see it: name its folder in \"folders\" of " + kind.file);
  }
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) return cannot(system_error("", "", errno).message + install);
  if (!S_ISREG(st.st_mode)) return cannot("no file");
  if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) return cannot("not executable");
  return check_owner(path, account);
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
    return failure(is_killed ? kCannotTell : kSaysNo, describe(result));
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
      Result<std::string> said = command.run(match, runner);
      if (!said) return said;
      printed += *said;
    }
  }
  return printed;
}

}  // namespace repo
