#include "dumper/command_runner.h"

#include <fmt/format.h>

#include <cstring>

#include "dumper/last_lines.h"

namespace repo {
namespace {

// The last lines, joined, without the blank ones.
std::string last_words(const std::string& text) {
  constexpr std::size_t kLines = 4;
  std::string words;
  for (const std::string& line : last_lines(text, kLines)) {
    words += (words.empty() ? "" : " | ") + line;
  }
  return words;
}

std::string how(const CommandResult& result) {
  switch (result.end) {
    case CommandResult::End::kExited:
      return fmt::format("exit status {}", result.code);
    case CommandResult::End::kSignalled:
      return fmt::format("ended by signal {} ({})", result.code, strsignal(result.code));
    case CommandResult::End::kStalled:
      return "ended by us: no progress within --timeout";
    case CommandResult::End::kOverdue:
      return "ended by us: longer than --max-time";
    case CommandResult::End::kStopped:
      return "stopped";
    case CommandResult::End::kNoRoom:
      return "ended by us: it would fill the file system";
    case CommandResult::End::kNotStarted:
      return "could not be started";
  }
  return "";
}

}  // namespace

std::string describe(const CommandResult& result) {
  // hg verify tells its findings on stdout.
  const std::string words = last_words(result.err.empty() ? result.out : result.err);
  return how(result) + (words.empty() ? "" : ": " + words);
}

}  // namespace repo
