#include "restorer/drill_script.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/text.h"
#include "dumper/damage.h"
#include "dumper/dumper.h"
#include "dumper/hand_over.h"
#include "dumper/tree.h"
#include "restorer/drill_scripts.h"

namespace repo {
namespace {

ScriptResult read_output(std::string_view out) {
  ScriptResult result;
  while (!out.empty()) {
    const std::string_view line = take_line(out);
    if (line.starts_with('+')) result.steps.emplace_back(line.substr(1));
    if (!line.starts_with('=')) continue;
    const std::size_t blank = std::min(line.find(' '), line.size());
    result.facts[std::string(line.substr(1, blank - 1))] =
        line.substr(std::min(blank + 1, line.size()));
  }
  return result;
}

// Words by which tools say that it was not the repository that was at fault.
bool blames_the_machine(const std::string& text) {
  constexpr std::array<const char*, 10> kWords = {
      "No space left on device", "Disk quota exceeded", "File too large",
      "File name too long",      "Too many open files", "Cannot allocate memory",
      "Out of memory",           "out of memory",       "Resource temporarily unavailable",
      "died of signal 9"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](const char* words) { return text.find(words) != std::string::npos; });
}

bool is_of_the_repository(const CommandResult& result) {
  constexpr int kCannotTry = 75;       // said by the script itself
  constexpr int kNotExecutable = 126;  // sh(1): 127 where there is no such program
  constexpr int kMissing = 127;
  constexpr int kKilled = 128 + SIGKILL;  // as sh(1) tells it of what it has started
  if (blames_the_machine(result.err)) return false;
  if (result.end == CommandResult::End::kSignalled) return result.code != SIGKILL;
  return result.end == CommandResult::End::kExited && result.code != kMissing &&
         result.code != kCannotTry && result.code != kNotExecutable && result.code != kKilled;
}

}  // namespace

Result<ScriptResult> run_script(const DrillJob& job, const CommandRunner& runner,
                                const Script& script) {
  if (Status given = hand_over(job.scratch, {job.uid, job.uid}, job.patience); !given)
    return given.error();
  Command command;
  command.uid = job.uid;
  command.patience = job.patience;
  command.binds = {{job.scratch, "/staging", true}};
  command.environment = script.environment;
  command.sockets = script.sockets;
  command.files = script.files;
  command.argv = {"sh", "-c", std::string(kDrillPrologue) + script.text, "drill", "/staging"};
  command.argv.insert(command.argv.end(), script.arguments.begin(), script.arguments.end());
  const CommandResult result = runner.run(command);
  ScriptResult read = read_output(result.out);
  if (result.ok()) return read;
  Error error = tool_error(read.steps.empty() ? "drill" : read.steps.back(), result);
  if (error.op.empty()) return error;  // a stop
  const std::string step = std::move(error.op);
  error.message = "at \"" + step + "\": " + error.message;
  error.op = is_of_the_repository(result) ? kUnusable : "";
  return error;
}

Status expect_equal(const std::string& what, const std::string& found,
                    const std::string& recorded) {
  if (found == recorded) return {};
  return unusable("its " + what + " is " + printable(found) + ", and " + printable(recorded) +
                  " was recorded");
}

Status expect_equal(const Detail& found, const Detail& recorded) {
  if (found == recorded) return {};
  std::string keys;
  for (const auto& [key, value] : recorded) {
    const DetailValue* other = find_detail(found, key);
    if (!other || *other != value) keys += (keys.empty() ? "" : ", ") + printable(key);
  }
  return damage("data", "its fingerprint is not the recorded one: " +
                            (keys.empty() ? std::string("it has more in it") : keys));
}

Result<UniqueFd> open_data(const DrillJob& job) {
  return open_beneath(job.scratch, "data", O_RDONLY | O_DIRECTORY);
}

Status empty_folder(int directory, const std::string& name) {
  if (Status removed = remove_tree(directory, name); !removed) return removed;
  if (mkdirat(directory, name.c_str(), 0700) != 0) return system_error("create", name, errno);
  return {};
}

Status put_file(int directory, const std::string& name, const std::string& text) {
  if (Status removed = remove_tree(directory, name); !removed) return removed;
  return create_file(directory, name, text);
}

}  // namespace repo
